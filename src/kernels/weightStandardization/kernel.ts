import type { BufferSlice, Dispatch, Shader } from '#gpu/command.ts';
import { expandTemplate } from '../shared/template.ts';
import columnsCode from './columns.wgsl?raw';
import filterGradientsCode from './filterGradients.wgsl?raw';
import standardizeCode from './standardize.wgsl?raw';

/** Added to the deviation, in the weights' own unit. Source: Qiao et al. 2019, the authors' PyTorch code. */
export const STANDARDIZATION_EPS = 1e-5;

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

/** Entries of the uniform table; longer lists take one dispatch per so many filters. */
const FILTER_LIMIT = 32;
const ENTRY_WORDS = 8;
/** Vectors of output channels per workgroup, as in columns.wgsl. */
const TILE = 4;

/**
 * Lays the partial sums of filters one after another, each aligned so that its slice can be bound.
 * @returns the places and the elements of the buffer that holds them all.
 */
export function placePartials(filters: readonly (FilterPlace & { readonly splits: number })[]): {
  places: PartialPlace[];
  size: number;
} {
  let size = 0;
  const places = filters.map((filter) => {
    const place = { ...filter, partialOffset: size };
    size += Math.ceil((filter.fanIn * filter.outChannels * filter.splits) / 64) * 64;
    return place;
  });
  return { places, size };
}

/** Elements of the statistics that `standardizeFilters` leaves for `filterGradients`: two per output channel. */
export function statisticsSize(filters: readonly FilterPlace[]): number {
  return filters.reduce((sum, { outChannels }) => sum + 2 * outChannels, 0);
}

/**
 * Standardizes every output channel of `filters` to zero mean and unit deviation: one dispatch for up to 32
 * filters. For a single filter in a buffer of its own pass one place with offset 0.
 *
 * @param parameters packed f32, read at each filter's offset.
 * @param standardized packed like `parameters`; only the filters are written.
 * @param statistics `statisticsSize(filters)` f32, what the backward pass needs.
 */
export function standardizeFilters(
  filters: readonly FilterPlace[],
  {
    parameters,
    standardized,
    statistics,
  }: { parameters: BufferSlice; standardized: BufferSlice; statistics: BufferSlice },
  tuning: FilterTuning = WIDE_FILTERS,
): Dispatch[] {
  return tables(filters).map(({ uniform, workgroups, width }) => ({
    shader: standardizeShader(width, tuning),
    bindings: [parameters, standardized, statistics, { uniform }],
    workgroups: [workgroups, 1, 1],
  }));
}

/**
 * Gradients of `filters` from the partial sums of their convolutions: one dispatch for up to 32 filters.
 *
 * @param partials all partial sums, at each filter's `partialOffset` (`placePartials`).
 * @param gradient packed like the parameters; only the filters are written.
 * @param standardization what `standardizeFilters` wrote for the same list of filters; without it the
 * gradient is the plain sum.
 */
export function filterGradients(
  filters: readonly PartialPlace[],
  buffers: {
    partials: BufferSlice;
    gradient: BufferSlice;
    standardization?: { standardized: BufferSlice; statistics: BufferSlice } | undefined;
  },
  tuning: FilterTuning = WIDE_FILTERS,
): Dispatch[] {
  const { partials, gradient, standardization } = buffers;
  return tables(filters).map(({ uniform, workgroups, width }) => ({
    shader: filterGradientsShader(width, tuning, standardization !== undefined),
    bindings: [
      partials,
      gradient,
      { uniform },
      ...(standardization ? [standardization.standardized, standardization.statistics] : []),
    ],
    workgroups: [workgroups, 1, 1],
  }));
}

interface Table {
  readonly uniform: Uint32Array;
  readonly workgroups: number;
  readonly width: 1 | 4;
}

/** The `Params` of both kernels, FILTER_LIMIT filters at a time. */
function tables(filters: readonly (FilterPlace | PartialPlace)[]): Table[] {
  const isVector = filters.every(({ outChannels }) => outChannels % 4 === 0);
  const width = isVector ? 4 : 1;
  const out: Table[] = [];
  let statistics = 0;
  for (let first = 0; first < filters.length; first += FILTER_LIMIT) {
    const chunk = filters.slice(first, first + FILTER_LIMIT);
    // `filters` begins on the second 16 bytes of the block: a uniform array is aligned so.
    const uniform = new Uint32Array(4 + FILTER_LIMIT * ENTRY_WORDS);
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
        4 + i * ENTRY_WORDS,
      );
      workgroups += Math.ceil(outChannels / (TILE * width));
      statistics += 2 * outChannels;
    });
    out.push({ uniform, workgroups, width });
  }
  return out;
}

const common = (width: 1 | 4, { rows }: FilterTuning) => ({
  rows,
  isShared: rows > 1,
  width,
  vector: width === 4 ? 'vec4f' : 'f32',
  filterLimit: FILTER_LIMIT,
});

function standardizeShader(width: 1 | 4, tuning: FilterTuning): Shader {
  return {
    label: 'weightStandardization/standardize',
    code: expandTemplate(`${standardizeCode}\n${columnsCode}`, {
      ...common(width, tuning),
      eps: STANDARDIZATION_EPS,
    }),
    bindings: ['read', 'read_write', 'read_write', 'uniform'],
  };
}

function filterGradientsShader(width: 1 | 4, tuning: FilterTuning, isStandardized: boolean): Shader {
  return {
    label: 'weightStandardization/filterGradients',
    code: expandTemplate(`${filterGradientsCode}\n${columnsCode}`, {
      ...common(width, tuning),
      isStandardized,
    }),
    bindings: ['read', 'read_write', 'uniform', ...(isStandardized ? (['read', 'read'] as const) : [])],
  };
}
