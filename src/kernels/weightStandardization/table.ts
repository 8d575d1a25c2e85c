/** Added to the deviation, in the weights' own unit. Source: Qiao et al. 2019, the authors' PyTorch code. */
export const STANDARDIZATION_EPS = 1e-5;

/**
 * Of `scaledGain`: one over the deviation that a ReLU leaves of unit noise.
 * Source: Brock et al. 2021, arXiv:2101.08692, section 4.
 */
const RELU_GAMMA = Math.sqrt(2 / (1 - 1 / Math.PI));

/** Deviation of a filter under Scaled WS: a convolution behind a ReLU then leaves the size of activations as it is. */
export function scaledGain(fanIn: number): number {
  return RELU_GAMMA / Math.sqrt(fanIn);
}

/** One filter `[kH, kW, inC, outC]` inside the packed buffers. */
export interface FilterPlace {
  /** First element: `TensorSpec.offset`, or 0 for a buffer of its own. A multiple of 4. */
  readonly offset: number;
  /** kH * kW * inC. */
  readonly fanIn: number;
  /** outC. */
  readonly outChannels: number;
}

/** A filter whose gradient arrives as partial sums `[splits, kH*kW*inC, outC]`. */
export interface PartialPlace extends FilterPlace {
  /** First element in the buffer of all partial sums. A multiple of 4. */
  readonly partialOffset: number;
  readonly splits: number;
}

/** How the fan-in of a filter is cut. Graphics cards want many lanes; software adapters no barrier at all. */
export interface FilterTuning {
  /** Lanes that share a vector of output channels, a power of two up to 64. */
  readonly rows: number;
}

/** For graphics cards. */
export const WIDE_FILTERS: FilterTuning = { rows: 64 };
/** For software adapters (`AdapterDescription.isFallback`): 15 to 25 times as fast there. */
export const NARROW_FILTERS: FilterTuning = { rows: 1 };

/** The better of the two for an adapter; docs/performance.md has the figures. */
export function filterTuning(isFallback: boolean): FilterTuning {
  return isFallback ? NARROW_FILTERS : WIDE_FILTERS;
}

/** Candidates of graphics cards, to be timed on the adapter; the default first. */
export const FILTER_CANDIDATES: readonly FilterTuning[] = [
  WIDE_FILTERS,
  { rows: 32 },
  { rows: 16 },
  { rows: 8 },
];

/** Entries of the uniform table; longer lists take one dispatch per so many filters. */
const FILTER_LIMIT = 64;
const ENTRY_WORDS = 8;
/** Vectors of output channels per workgroup, as in columns.wgsl. */
const TILE = 4;

/** One dispatch's share of a list of filters. */
export interface FilterTable {
  readonly uniform: Uint32Array;
  readonly workgroups: number;
  readonly width: 1 | 4;
}

/**
 * The `Params` of the kernels, FILTER_LIMIT filters at a time.
 * @param header what precedes the table, a multiple of four words; the first word becomes the count.
 */
export function filterTables(
  filters: readonly (FilterPlace | PartialPlace)[],
  header: Uint32Array = new Uint32Array(4),
): FilterTable[] {
  const isVector = filters.every(({ outChannels }) => outChannels % 4 === 0);
  const width = isVector ? 4 : 1;
  const out: FilterTable[] = [];
  let statistics = 0;
  for (let first = 0; first < filters.length; first += FILTER_LIMIT) {
    const chunk = filters.slice(first, first + FILTER_LIMIT);
    const uniform = new Uint32Array(header.length + FILTER_LIMIT * ENTRY_WORDS);
    uniform.set(header);
    uniform[0] = chunk.length;
    let workgroups = 0;
    chunk.forEach((filter, i) => {
      const { offset, fanIn, outChannels } = filter;
      const { partialOffset, splits } = 'partialOffset' in filter ? filter : { partialOffset: 0, splits: 1 };
      if (offset % width !== 0 || partialOffset % width !== 0) {
        throw new RangeError(
          `weightStandardization: offsets ${offset} and ${partialOffset} must be multiples of ${width}`,
        );
      }
      uniform.set(
        [offset, fanIn, outChannels, workgroups, statistics, partialOffset, splits],
        header.length + i * ENTRY_WORDS,
      );
      workgroups += Math.ceil(outChannels / (TILE * width));
      statistics += 2 * outChannels;
    });
    out.push({ uniform, workgroups, width });
  }
  return out;
}

/** Values of columns.wgsl. */
export const columnValues = (width: 1 | 4, { rows }: FilterTuning, isScaled: boolean) => ({
  rows,
  isShared: rows > 1,
  width,
  vector: width === 4 ? 'vec4f' : 'f32',
  filterLimit: FILTER_LIMIT,
  eps: STANDARDIZATION_EPS,
  isScaled,
  gamma: RELU_GAMMA,
  gain: isScaled ? 'scaledGain(f.fanIn)' : '1.0',
  overGain: isScaled ? ' / scaledGain(f.fanIn)' : '',
});
