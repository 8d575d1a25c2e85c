import type { Norm } from '#domain/experiment.ts';
import { groupCount, type NormSpec, type TensorTable } from '#domain/resnet.ts';
import type { Dispatch } from '#gpu/command.ts';
import { relu, reluBackward } from '#kernels/activation/kernel.ts';
import {
  BATCH_NORM_EPS,
  batchNormBackward,
  batchNormEvaluation,
  batchNormScratchSize,
  batchNormTraining,
} from '#kernels/batchNorm/kernel.ts';
import {
  GROUP_NORM_EPS,
  groupNormBackward,
  groupNormForward,
  groupNormScratchSize,
  groupNormStatsSize,
} from '#kernels/groupNorm/kernel.ts';
import type { InverseDeviations } from '#kernels/layerStatistics/kernel.ts';
import { floats, mapSize, type AffineSlices, type MapShape } from '#kernels/shared/maps.ts';
import type { BufferPool } from './bufferPool.ts';
import type { Tunings } from './tunings.ts';

/** The packed buffers of a model and where each tensor lies in them. */
export interface ModelBuffers {
  readonly parameterTable: TensorTable;
  readonly bufferTable: TensorTable;
  readonly parameters: GPUBuffer;
  readonly gradients: GPUBuffer;
  /** BN's running statistics. */
  readonly running: GPUBuffer;
  /** What the convolutions read, packed like `parameters`: the standardized filters, or `parameters` itself. */
  readonly filters: GPUBuffer;
}

export interface NormForward {
  readonly x: GPUBuffer;
  readonly relu: boolean;
  readonly residual?: GPUBuffer;
}

export interface NormBackward extends NormForward {
  readonly dy: GPUBuffer;
  readonly y: GPUBuffer;
}

/**
 * One normalization layer of a recorded step. Borrows what it writes from the pool; the caller gives that
 * back. Outputs may be inputs where nothing changes (no normalization, no ReLU), so callers compare
 * buffers before they give one back.
 */
export interface NormLayer {
  /** `y = [relu](norm(x) [+ residual])`; where it leaves its deviations, until the backward pass. */
  training(input: NormForward): {
    y: GPUBuffer;
    dispatches: Dispatch[];
    deviations?: InverseDeviations;
  };
  evaluation(input: NormForward): { y: GPUBuffer; dispatches: Dispatch[] };
  /**
   * The gradients of `x` (`dx`) and, with `wantsResidual`, of what was added before the ReLU (`dz`; else
   * `dz` is `dy`).
   */
  backward(
    input: NormBackward,
    wantsResidual: boolean,
  ): { dx: GPUBuffer; dz: GPUBuffer; dispatches: Dispatch[] };
}

export interface NormContext {
  readonly model: ModelBuffers;
  readonly pool: BufferPool;
  readonly batch: number;
  readonly tunings: Pick<Tunings, 'norm' | 'relu'>;
}

export function createNormLayer(norm: Norm, spec: NormSpec, context: NormContext): NormLayer {
  const create = { bn: batchNormLayer, gn: groupNormLayer, none: activationLayer }[norm];
  return create(spec, context);
}

function shapeOf(spec: NormSpec, batch: number): MapShape {
  return { batch, pixels: spec.size ** 2, channels: spec.channels };
}

function affine(model: ModelBuffers, spec: NormSpec, buffer: GPUBuffer): AffineSlices {
  const at = (suffix: string): number => model.parameterTable.byName.get(`${spec.name}.${suffix}`)!.offset;
  return { buffer, gamma: at('weight'), beta: at('bias') };
}

/** What the backward passes of BN and GN have in common. */
interface BackwardBuffers {
  readonly relu: boolean;
  readonly dy: GPUBuffer;
  readonly y: GPUBuffer;
  readonly x: GPUBuffer;
  readonly stats: GPUBuffer;
  readonly gradients: AffineSlices;
  readonly scratch: GPUBuffer;
  readonly dx: GPUBuffer;
  readonly dz?: GPUBuffer;
}

/** Borrows what a backward pass writes, records it, and gives back its scratch and the forward pass's `stats`. */
function recordBackward(
  spec: NormSpec,
  { model, pool, batch }: NormContext,
  scratchSize: number,
  stats: GPUBuffer | undefined,
  { x, y, dy, relu }: NormBackward,
  wantsResidual: boolean,
  build: (buffers: BackwardBuffers) => Dispatch[],
): ReturnType<NormLayer['backward']> {
  if (!stats) throw new Error(`${spec.name}: backward recorded before forward`);
  const size = mapSize(shapeOf(spec, batch));
  const scratch = pool.borrow(scratchSize);
  const dx = pool.borrow(size);
  const dz = wantsResidual ? pool.borrow(size) : undefined;
  const gradients = affine(model, spec, model.gradients);
  const dispatches = build({ relu, dy, y, x, stats, gradients, scratch, dx, ...(dz ? { dz } : {}) });
  pool.giveBack(scratch, stats);
  return { dx, dz: dz ?? dy, dispatches };
}

function batchNormLayer(spec: NormSpec, context: NormContext): NormLayer {
  const { model, pool, batch } = context;
  const tuning = context.tunings.norm;
  const shape = shapeOf(spec, batch);
  const size = mapSize(shape);
  const at = (suffix: string): number => model.bufferTable.byName.get(`${spec.name}.${suffix}`)!.offset;
  const running = { buffer: model.running, mean: at('running_mean'), variance: at('running_var') };
  const parameters = affine(model, spec, model.parameters);
  // Lives from the forward to the backward pass.
  let stats: GPUBuffer | undefined;
  return {
    training(input) {
      stats = pool.borrow(2 * spec.channels);
      const scratch = pool.borrow(batchNormScratchSize(shape, tuning));
      const y = pool.borrow(size);
      const dispatches = batchNormTraining({
        ...input,
        shape,
        tuning,
        parameters,
        running,
        stats,
        scratch,
        y,
      });
      pool.giveBack(scratch);
      const { channels } = spec;
      const values = floats(stats, 2 * channels);
      const deviations = { values, first: channels, stride: 1, count: channels, eps: BATCH_NORM_EPS };
      return { y, dispatches, deviations };
    },
    evaluation(input) {
      const y = pool.borrow(size);
      return { y, dispatches: batchNormEvaluation({ ...input, shape, tuning, parameters, running, y }) };
    },
    backward(input, wantsResidual) {
      const held = stats;
      stats = undefined;
      return recordBackward(
        spec,
        context,
        batchNormScratchSize(shape, tuning),
        held,
        input,
        wantsResidual,
        (buffers) => batchNormBackward({ ...buffers, shape, tuning, parameters }),
      );
    },
  };
}

function groupNormLayer(spec: NormSpec, context: NormContext): NormLayer {
  const { model, pool, batch } = context;
  const tuning = context.tunings.norm;
  const shape = shapeOf(spec, batch);
  const groups = groupCount(spec.channels);
  const size = mapSize(shape);
  const parameters = affine(model, spec, model.parameters);
  const statsSize = groupNormStatsSize(shape, groups);
  let stats: GPUBuffer | undefined;
  return {
    training(input) {
      stats = pool.borrow(statsSize);
      const y = pool.borrow(size);
      const dispatches = groupNormForward({ ...input, shape, tuning, groups, parameters, stats, y });
      const values = floats(stats, statsSize);
      const deviations = { values, first: 1, stride: 2, count: batch * groups, eps: GROUP_NORM_EPS };
      return { y, dispatches, deviations };
    },
    evaluation(input) {
      const scratch = pool.borrow(statsSize);
      const y = pool.borrow(size);
      const dispatches = groupNormForward({ ...input, shape, tuning, groups, parameters, stats: scratch, y });
      pool.giveBack(scratch);
      return { y, dispatches };
    },
    backward(input, wantsResidual) {
      const held = stats;
      stats = undefined;
      return recordBackward(
        spec,
        context,
        groupNormScratchSize(shape),
        held,
        input,
        wantsResidual,
        (buffers) => groupNormBackward({ ...buffers, shape, tuning, groups, parameters }),
      );
    },
  };
}

/** No normalization: the ReLU and the residual addition remain. */
function activationLayer(spec: NormSpec, { pool, batch, tunings }: NormContext): NormLayer {
  const tuning = tunings.relu;
  const size = mapSize(shapeOf(spec, batch));
  const forward = ({
    x,
    relu: isActive,
    residual,
  }: NormForward): { y: GPUBuffer; dispatches: Dispatch[] } => {
    // Only a shortcut's convolution has no ReLU behind it, and then nothing is added either.
    if (!isActive) return { y: x, dispatches: [] };
    const y = pool.borrow(size);
    return { y, dispatches: relu({ size, tuning, x, ...(residual ? { residual } : {}), y }) };
  };
  return {
    training: forward,
    evaluation: forward,
    backward({ y, dy, relu: isActive }) {
      if (!isActive) return { dx: dy, dz: dy, dispatches: [] };
      const dz = pool.borrow(size);
      return { dx: dz, dz, dispatches: reluBackward({ size, tuning, dy, y, dz }) };
    },
  };
}
