/** How a kernel that takes values one by one is cut: whatever the cut, nothing is added in another order. */
export interface FlatTuning {
  /** Workgroup size. */
  readonly lanes: number;
  /** Vectors of four values per lane. */
  readonly vectors: number;
}

/** For graphics cards. */
export const WIDE_FLAT: FlatTuning = { lanes: 64, vectors: 4 };
/** For software adapters (`AdapterDescription.isFallback`). */
const NARROW_FLAT: FlatTuning = { lanes: 4, vectors: 256 };

/** The better of the two for an adapter; docs/performance.md has the figures. */
export function flatTuning(isFallback: boolean): FlatTuning {
  return isFallback ? NARROW_FLAT : WIDE_FLAT;
}

/** Candidates of graphics cards, to be timed on the adapter; the default first. */
export const FLAT_CANDIDATES: readonly FlatTuning[] = [
  WIDE_FLAT,
  { lanes: 64, vectors: 1 },
  { lanes: 256, vectors: 1 },
  { lanes: 256, vectors: 4 },
  { lanes: 64, vectors: 16 },
];
