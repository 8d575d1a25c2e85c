import { words, type BufferSlice, type Dispatch } from '#gpu/command.ts';
import type { LayerMeasure } from '#domain/layerHistory.ts';
import { floats, foldWorkgroups } from '../shared/maps.ts';
import { expandTemplate } from '../shared/template.ts';
import filterMagnitudesCode from './filterMagnitudes.wgsl?raw';
import filterNormsCode from './filterNorms.wgsl?raw';
import largestMagnitudesCode from './largestMagnitudes.wgsl?raw';
import layerRowCode from './layerRow.wgsl?raw';
import rememberFiltersCode from './rememberFilters.wgsl?raw';
import lanesCode from '../shared/lanes.wgsl?raw';
import magnitudesCode from '../shared/magnitudes.wgsl?raw';

const mergeCode = expandTemplate(lanesCode, { item: 'FilterMagnitudes', merge: 'mergeFilters' });
const sharedCode = `${filterMagnitudesCode}\n${mergeCode}\n${magnitudesCode}`;

/** What a row of the ring holds of each layer, in this order. */
export const ROW_MEASURES = [
  'gradientNorm',
  'relativeUpdate',
  'largestActivation',
  'smallestDeviation',
] as const satisfies readonly LayerMeasure[];
/** 32-bit words of one layer in `largest`. */
export const LARGEST_WORDS = 2;
/** Layers that one dispatch of `largestMagnitudes` binds: two storage buffers each, and there are eight. */
export const MOST_MAPS = 3;

/** Entries of the uniform table. */
const MOST_LAYERS = 64;
/** Words of a `FilterMagnitudes`. */
const PART_WORDS = 9;
/** More workgroups over one map would only queue for its one atomic. */
const MOST_MAP_WORKGROUPS = 1024;
const COPY_LANES = 64;
const COPY_VECTORS = 4;

/** How maps and filters are cut. Graphics cards want many lanes, software adapters few with long loops. */
export interface StatisticsTuning {
  /** Workgroup size, a power of two from 4 to 256. */
  readonly lanes: number;
  /** Values that one lane reads, a multiple of 4. */
  readonly valuesPerLane: number;
}

/** For graphics cards. */
export const WIDE_STATISTICS: StatisticsTuning = { lanes: 256, valuesPerLane: 32 };
/** For software adapters (`AdapterDescription.isFallback`). */
export const NARROW_STATISTICS: StatisticsTuning = { lanes: 4, valuesPerLane: 1024 };

export function statisticsTuning(isFallback: boolean): StatisticsTuning {
  return isFallback ? NARROW_STATISTICS : WIDE_STATISTICS;
}

/** Where a normalization leaves `1/sqrt(variance + eps)` of its channels or groups. */
export interface InverseDeviations {
  readonly values: BufferSlice;
  /** Elements: of the first, from one to the next, and how many there are. */
  readonly first: number;
  readonly stride: number;
  readonly count: number;
  /** What was added to the variance. */
  readonly eps: number;
}

/** What a convolution and its normalization have left. */
export interface LayerMap {
  /** `size` f32, the convolution's output. */
  readonly x: GPUBuffer;
  readonly size: number;
  readonly deviations: InverseDeviations | undefined;
  /** Its place in `largest`. */
  readonly layer: number;
}

/**
 * Raises `largest[layer]` of each layer to the bits of the largest magnitude of `x` and of the largest inverse
 * deviation; one dispatch, to be put where all of them still hold what the forward pass wrote.
 *
 * @param options.layers at most `MOST_MAPS`.
 * @param options.largest `[layers, LARGEST_WORDS]` uint32, zeros before a step's first layer.
 * @throws {RangeError} for more layers than a dispatch can bind.
 */
export function largestMagnitudes(options: {
  layers: readonly LayerMap[];
  largest: GPUBuffer;
  tuning: StatisticsTuning;
}): Dispatch[] {
  const { layers, tuning } = options;
  if (layers.length > MOST_MAPS) {
    throw new RangeError(`largestMagnitudes: ${layers.length} layers; a dispatch takes at most ${MOST_MAPS}`);
  }
  const parts = layers.map(({ x, size, deviations, layer }) => {
    const perWorkgroup = Math.max(tuning.lanes * tuning.valuesPerLane, Math.ceil(size / MOST_MAP_WORKGROUPS));
    const workgroups = Math.ceil(size / perWorkgroup);
    const map = floats(x, size);
    return {
      bindings: [map, deviations?.values ?? map],
      workgroups: workgroups + (deviations ? 1 : 0),
      params: words(
        ['u', size],
        ['u', workgroups],
        ['u', perWorkgroup],
        ['u', layer],
        ['u', deviations?.first ?? 0],
        ['u', deviations?.stride ?? 0],
        ['u', deviations?.count ?? 0],
      ),
    };
  });
  return [
    {
      shader: {
        label: `largestMagnitudes of ${layers.length}`,
        code: expandTemplate(largestMagnitudesCode, { maps: layers.length }),
        bindings: [...parts.flatMap(() => ['read', 'read'] as const), 'read_write', 'uniform'],
        constants: { LANES: tuning.lanes },
      },
      bindings: [
        ...parts.flatMap(({ bindings }) => bindings),
        { buffer: options.largest },
        { uniform: Uint32Array.from(parts.flatMap(({ params }) => [...params])) },
      ],
      workgroups: [Math.max(...parts.map(({ workgroups }) => workgroups)), 1, layers.length],
    },
  ];
}

/**
 * Copies the first `size` parameters, before the optimizer changes them; one dispatch.
 * @throws {RangeError} when `size` is no multiple of 4.
 */
export function rememberFilters(options: {
  parameters: GPUBuffer;
  before: GPUBuffer;
  size: number;
}): Dispatch[] {
  const { size } = options;
  if (size % 4 !== 0) throw new RangeError(`rememberFilters: ${size} elements; a multiple of 4 is needed`);
  const vectors = size / 4;
  return [
    {
      shader: {
        label: 'rememberFilters',
        code: rememberFiltersCode,
        bindings: ['read', 'read_write', 'uniform'],
        constants: { LANES: COPY_LANES, VECTORS: COPY_VECTORS },
      },
      bindings: [
        floats(options.parameters, size),
        floats(options.before, size),
        { uniform: words(['u', vectors]) },
      ],
      workgroups: foldWorkgroups(Math.ceil(vectors / (COPY_LANES * COPY_VECTORS))),
    },
  ];
}

/** One filter inside the packed buffers. */
export interface FilterRange {
  /** First element. */
  readonly offset: number;
  /** Elements, at most 2^26. */
  readonly size: number;
}

export interface LayerRow {
  /** In order of the layers, ascending in `offset`; at most 64. */
  readonly filters: readonly FilterRange[];
  /** Packed, of the update that was just made. */
  readonly gradients: GPUBuffer;
  /** What `rememberFilters` copied. */
  readonly before: GPUBuffer;
  /** The parameters after the update. */
  readonly after: GPUBuffer;
  /** At least `layerPartsSize` words, contents arbitrary before and after. */
  readonly parts: GPUBuffer;
  /** From `largestMagnitudes`; zeros afterwards. */
  readonly largest: GPUBuffer;
  /** What the normalization adds to its variances; undefined without normalization. */
  readonly eps: number | undefined;
  /** `[1]`, uint32: the step, 0-based, read only. */
  readonly counter: GPUBuffer;
  /** Steps between samples: row `step / every % rows` is written. */
  readonly every: number;
  /** Rows of the ring. */
  readonly rows: number;
  /** `[rows, layers, ROW_MEASURES]` f32. */
  readonly ring: GPUBuffer;
  readonly tuning: StatisticsTuning;
}

/** 32-bit words of `LayerRow.parts`. */
export function layerPartsSize(filters: readonly FilterRange[], tuning: StatisticsTuning): number {
  return PART_WORDS * filters.reduce((sum, filter) => sum + partCount(filter, tuning), 0);
}

/**
 * Writes a step's row of the ring; two dispatches. Overflow and underflow of squares are kept away; infinities
 * and NaN come through as such.
 * @throws {RangeError} for more layers than the table holds.
 */
export function layerRow(options: LayerRow): Dispatch[] {
  const { filters, tuning, eps, every, rows } = options;
  if (filters.length > MOST_LAYERS) {
    throw new RangeError(`layerRow: ${filters.length} layers; at most ${MOST_LAYERS} fit the table`);
  }
  const head = words(
    ['u', filters.length],
    ['u', every],
    ['u', rows],
    ['u', eps === undefined ? 0 : 1],
    ['f', eps ?? 0],
  );
  const uniform = new Uint32Array(head.length + 4 * MOST_LAYERS);
  uniform.set(head);
  let partTotal = 0;
  filters.forEach((filter, i) => {
    const count = partCount(filter, tuning);
    uniform.set([filter.offset, filter.size, partTotal, count], head.length + 4 * i);
    partTotal += count;
  });
  const parts = floats(options.parts, PART_WORDS * partTotal);
  return [
    {
      shader: {
        label: 'filterNorms',
        code: `${filterNormsCode}\n${sharedCode}`,
        bindings: ['read', 'read', 'read', 'read_write', 'uniform'],
        constants: { LANES: tuning.lanes, PART_SIZE: tuning.lanes * tuning.valuesPerLane },
      },
      bindings: [
        { buffer: options.gradients },
        { buffer: options.before },
        { buffer: options.after },
        parts,
        { uniform },
      ],
      workgroups: [partTotal, 1, 1],
    },
    {
      shader: {
        label: 'layerRow',
        code: `${layerRowCode}\n${sharedCode}`,
        bindings: ['read', 'read_write', 'read', 'read_write', 'uniform'],
        constants: { LANES: Math.min(64, tuning.lanes) },
      },
      bindings: [
        parts,
        { buffer: options.largest },
        { buffer: options.counter },
        { buffer: options.ring },
        { uniform },
      ],
      workgroups: [filters.length, 1, 1],
    },
  ];
}

function partCount({ size }: FilterRange, { lanes, valuesPerLane }: StatisticsTuning): number {
  return Math.ceil(size / (lanes * valuesPerLane));
}
