import type { BufferSlice, Dispatch, Shader } from '#gpu/command.ts';
import { expandTemplate } from '../shared/template.ts';
import columnsCode from './columns.wgsl?raw';
import filterGradientsCode from './filterGradients.wgsl?raw';
import standardizeCode from './standardize.wgsl?raw';
import {
  columnValues,
  filterTables,
  WIDE_FILTERS,
  type FilterPlace,
  type FilterTuning,
  type PartialPlace,
} from './table.ts';

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
 * Standardizes every output channel of `filters` to zero mean and unit deviation (Scaled WS: to that of `scaledGain`):
 * one dispatch for up to 64 filters. For a single filter in a buffer of its own pass one place with offset 0.
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
  isScaled = false,
): Dispatch[] {
  return filterTables(filters).map(({ uniform, workgroups, width }) => ({
    shader: standardizeShader(width, tuning, isScaled),
    bindings: [parameters, standardized, statistics, { uniform }],
    workgroups: [workgroups, 1, 1],
  }));
}

/**
 * Gradients of `filters` from the partial sums of their convolutions: one dispatch for up to 64 filters.
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
  return filterTables(filters).map(({ uniform, workgroups, width }) => ({
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

function standardizeShader(width: 1 | 4, tuning: FilterTuning, isScaled: boolean): Shader {
  return {
    label: 'weightStandardization/standardize',
    code: expandTemplate(`${standardizeCode}\n${columnsCode}`, columnValues(width, tuning, isScaled)),
    bindings: ['read', 'read_write', 'read_write', 'uniform'],
  };
}

function filterGradientsShader(width: 1 | 4, tuning: FilterTuning, isStandardized: boolean): Shader {
  return {
    label: 'weightStandardization/filterGradients',
    code: expandTemplate(`${filterGradientsCode}\n${columnsCode}`, {
      ...columnValues(width, tuning, false), // the gain is in what `standardizeFilters` wrote
      isStandardized,
    }),
    bindings: ['read', 'read_write', 'uniform', ...(isStandardized ? (['read', 'read'] as const) : [])],
  };
}
