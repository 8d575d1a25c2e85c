import { words, type Binding, type Dispatch, type Shader } from '#gpu/command.ts';
import {
  checkMap,
  floats,
  mapRanges,
  mapSize,
  tiledShader,
  tiling,
  vectorOffset,
  WIDE_MAPS,
  type AffineSlices,
  type MapShape,
  type MapTuning,
  type Tiling,
} from '../shared/maps.ts';
import momentsCode from '../shared/moments.wgsl?raw';
import type { WorkgroupRange } from '../shared/ranges.ts';
import sumsCode from '../shared/sums.wgsl?raw';
import applyCode from './batchNormApply.wgsl?raw';
import backwardCode from './batchNormBackward.wgsl?raw';
import backwardSumsCode from './batchNormBackwardSums.wgsl?raw';
import evaluationCode from './batchNormEvaluation.wgsl?raw';
import statisticsCode from './batchNormStatistics.wgsl?raw';

/** Added to the variance, as in PyTorch. */
export const BATCH_NORM_EPS = 1e-5;
/** Share of the batch in the running statistics, as in PyTorch. */
export const BATCH_NORM_MOMENTUM = 0.1;

/** Partial sums per channel at most. */
const MOST_PARTS = 64;

/** Running statistics of one layer inside the packed buffer of `bufferTable`. */
export interface RunningSlices {
  readonly buffer: GPUBuffer;
  /** First element of `<layer>.running_mean`, a multiple of 4. */
  readonly mean: number;
  /** First element of `<layer>.running_var`, a multiple of 4. */
  readonly variance: number;
}

interface Fusion {
  readonly shape: MapShape;
  /** Whether a ReLU follows. */
  readonly relu: boolean;
  /** For a graphics card where absent. */
  readonly tuning?: MapTuning;
}

export interface BatchNormForward extends Fusion {
  /** `[N, H*W, C]`, output of the convolution. */
  readonly x: GPUBuffer;
  /** `[N, H*W, C]`, added before the ReLU. */
  readonly residual?: GPUBuffer;
  readonly parameters: AffineSlices;
  readonly running: RunningSlices;
  /** `[N, H*W, C]`, written. */
  readonly y: GPUBuffer;
}

export interface BatchNormTraining extends BatchNormForward {
  /** `[2, C]`: mean and 1/sqrt(variance + eps), written; the backward pass reads them. */
  readonly stats: GPUBuffer;
  /** At least `batchNormScratchSize` floats, contents arbitrary before and after. */
  readonly scratch: GPUBuffer;
}

export interface BatchNormBackward extends Fusion {
  /** `[N, H*W, C]`, gradient of `y`. */
  readonly dy: GPUBuffer;
  /** Output of the forward pass; needed for the mask of the ReLU. */
  readonly y?: GPUBuffer;
  /** Input of the forward pass. */
  readonly x: GPUBuffer;
  readonly stats: GPUBuffer;
  readonly parameters: AffineSlices;
  /** Where dgamma and dbeta go. */
  readonly gradients: AffineSlices;
  readonly scratch: GPUBuffer;
  /** `[N, H*W, C]`, gradient of `x`, written; another buffer than `dy`. */
  readonly dx: GPUBuffer;
  /** `[N, H*W, C]`, gradient before the ReLU, which is the residual's; written where given. */
  readonly dz?: GPUBuffer;
}

/** How the pixels are divided: `parts` for reductions, blocks for writing. */
interface Division {
  readonly tiling: Tiling;
  readonly pixels: number;
  readonly parts: number;
  readonly partPixels: number;
  readonly blockPixels: number;
  /** Dispatches of each. */
  readonly partRanges: readonly WorkgroupRange[];
  readonly blockRanges: readonly WorkgroupRange[];
}

function divide(shape: MapShape, tuning: MapTuning = WIDE_MAPS): Division {
  checkMap('batchNorm', shape);
  const tiles = tiling(shape.channels, tuning.lanes);
  const pixels = shape.batch * shape.pixels;
  const blockPixels = tiles.rows * tuning.pixelsPerLane;
  // Every workgroup of the second half merges all parts of its channels, so there are not more than that
  // takes a few loads per lane.
  const wanted = Math.min(MOST_PARTS, Math.ceil(pixels / (2 * blockPixels)));
  const partPixels = Math.ceil(pixels / wanted);
  // Rounding up may have left the last parts without pixels.
  const parts = Math.ceil(pixels / partPixels);
  return {
    tiling: tiles,
    pixels,
    parts,
    partPixels,
    blockPixels,
    partRanges: mapRanges(shape, parts, tuning),
    blockRanges: mapRanges(shape, Math.ceil(pixels / blockPixels), tuning),
  };
}

/** Floats of scratch that one layer needs; layers may share it. */
export function batchNormScratchSize(shape: MapShape, tuning?: MapTuning): number {
  return 2 * divide(shape, tuning).parts * shape.channels;
}

/**
 * Training forward pass, two dispatches or as many as the tuning wants: batch statistics, then
 * `y = [relu](gamma * (x - mean) * rstd + beta [+ residual])`, and the update of the running statistics
 * (momentum 0.1, unbiased variance; of a single value, zero).
 * @throws {RangeError} for a shape or an offset that does not fit.
 */
export function batchNormTraining(options: BatchNormTraining): Dispatch[] {
  const { shape, tuning, x, residual, parameters, running } = options;
  const division = divide(shape, tuning);
  const { tiling, pixels, parts, partPixels, blockPixels, partRanges, blockRanges } = division;
  const { vectors, width, tiles } = tiling;
  const shaders = {
    statistics: statisticsShader(tiling),
    apply: applyShader(tiling, options.relu, residual !== undefined),
  };
  const size = mapSize(shape);
  const partials = floats(options.scratch, 2 * parts * shape.channels);
  const at = (element: number): readonly ['u', number] => ['u', vectorOffset('batchNorm', element, width)];
  return [
    ...partRanges.map(({ first, count }): Dispatch => ({
      shader: shaders.statistics,
      bindings: [
        floats(x, size),
        partials,
        { uniform: words(['u', pixels], ['u', vectors], ['u', parts], ['u', partPixels], ['u', first]) },
      ],
      workgroups: [count, tiles, 1],
    })),
    ...blockRanges.map(({ first, count }): Dispatch => ({
      shader: shaders.apply,
      bindings: [
        floats(x, size),
        floats(residual ?? x, size),
        { buffer: parameters.buffer },
        partials,
        floats(options.stats, 2 * shape.channels),
        { buffer: running.buffer },
        floats(options.y, size),
        {
          uniform: words(
            ['u', pixels],
            ['u', vectors],
            ['u', parts],
            ['u', partPixels],
            ['u', blockPixels],
            at(parameters.gamma),
            at(parameters.beta),
            at(running.mean),
            at(running.variance),
            ['f', BATCH_NORM_EPS],
            ['f', BATCH_NORM_MOMENTUM],
            ['u', first],
          ),
        },
      ],
      workgroups: [count, tiles, 1],
    })),
  ];
}

/**
 * Evaluation forward pass from the running statistics, which stay as they are; one dispatch or as many as the tuning
 * wants.
 * @throws {RangeError} for a shape or an offset that does not fit.
 */
export function batchNormEvaluation(options: BatchNormForward): Dispatch[] {
  const { shape, tuning, x, residual, parameters, running } = options;
  const { tiling, pixels, blockPixels, blockRanges } = divide(shape, tuning);
  const { vectors, width, tiles } = tiling;
  const shader = evaluationShader(tiling, options.relu, residual !== undefined);
  const size = mapSize(shape);
  const at = (element: number): readonly ['u', number] => ['u', vectorOffset('batchNorm', element, width)];
  return blockRanges.map(({ first, count }) => ({
    shader,
    bindings: [
      floats(x, size),
      floats(residual ?? x, size),
      { buffer: parameters.buffer },
      { buffer: running.buffer },
      floats(options.y, size),
      {
        uniform: words(
          ['u', pixels],
          ['u', vectors],
          ['u', blockPixels],
          at(parameters.gamma),
          at(parameters.beta),
          at(running.mean),
          at(running.variance),
          ['f', BATCH_NORM_EPS],
          ['u', first],
        ),
      },
    ],
    workgroups: [count, tiles, 1],
  }));
}

/**
 * Backward pass of training, two dispatches or as many as the tuning wants: dgamma, dbeta, dx and, where `dz` is given,
 * the gradient before the ReLU.
 * @throws {RangeError} for a shape or an offset that does not fit, or a ReLU without `y`.
 */
export function batchNormBackward(options: BatchNormBackward): Dispatch[] {
  const { shape, tuning, relu, dy, y, x, dx, dz, parameters, gradients } = options;
  if (relu && !y) throw new RangeError('batchNorm: the gradient of a ReLU needs its output y');
  const { tiling, pixels, parts, partPixels, blockPixels, partRanges, blockRanges } = divide(shape, tuning);
  const { vectors, width, tiles } = tiling;
  // A stored dz is masked already.
  const shaders = {
    sums: backwardSumsShader(tiling, relu, dz !== undefined),
    backward: backwardShader(tiling, relu && !dz),
  };
  const size = mapSize(shape);
  const partials = floats(options.scratch, 2 * parts * shape.channels);
  const stats = floats(options.stats, 2 * shape.channels);
  const at = (element: number): readonly ['u', number] => ['u', vectorOffset('batchNorm', element, width)];
  const common: Binding[] = [floats(y ?? x, size), floats(x, size), stats];
  return [
    ...partRanges.map(({ first, count }): Dispatch => ({
      shader: shaders.sums,
      bindings: [
        floats(dy, size),
        ...common,
        partials,
        floats(dz ?? dx, size),
        { uniform: words(['u', pixels], ['u', vectors], ['u', parts], ['u', partPixels], ['u', first]) },
      ],
      workgroups: [count, tiles, 1],
    })),
    ...blockRanges.map(({ first, count }): Dispatch => ({
      shader: shaders.backward,
      bindings: [
        floats(dz ?? dy, size),
        ...common,
        { buffer: parameters.buffer },
        partials,
        { buffer: gradients.buffer },
        floats(dx, size),
        {
          uniform: words(
            ['u', pixels],
            ['u', vectors],
            ['u', parts],
            ['u', blockPixels],
            at(parameters.gamma),
            at(gradients.gamma),
            at(gradients.beta),
            ['u', first],
          ),
        },
      ],
      workgroups: [count, tiles, 1],
    })),
  ];
}

function statisticsShader(tiling: Tiling): Shader {
  return tiledShader('batchNormStatistics', [statisticsCode, momentsCode], tiling, [
    'read',
    'read_write',
    'uniform',
  ]);
}

function applyShader(tiling: Tiling, relu: boolean, residual: boolean): Shader {
  return tiledShader(
    'batchNormApply',
    [applyCode, momentsCode],
    tiling,
    ['read', 'read', 'read', 'read', 'read_write', 'read_write', 'read_write', 'uniform'],
    { RELU: relu, RESIDUAL: residual },
  );
}

function evaluationShader(tiling: Tiling, relu: boolean, residual: boolean): Shader {
  return tiledShader(
    'batchNormEvaluation',
    [evaluationCode],
    tiling,
    ['read', 'read', 'read', 'read', 'read_write', 'uniform'],
    { RELU: relu, RESIDUAL: residual },
  );
}

function backwardSumsShader(tiling: Tiling, relu: boolean, store: boolean): Shader {
  return tiledShader(
    'batchNormBackwardSums',
    [backwardSumsCode, sumsCode],
    tiling,
    ['read', 'read', 'read', 'read', 'read_write', 'read_write', 'uniform'],
    { RELU: relu, STORE: store },
  );
}

function backwardShader(tiling: Tiling, relu: boolean): Shader {
  return tiledShader(
    'batchNormBackward',
    [backwardCode, sumsCode],
    tiling,
    ['read', 'read', 'read', 'read', 'read', 'read', 'read_write', 'read_write', 'uniform'],
    { RELU: relu },
  );
}
