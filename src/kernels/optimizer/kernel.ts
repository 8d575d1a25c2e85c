import { words, type Dispatch } from '#gpu/command.ts';
import type { OptimizerName } from '#domain/experiment.ts';
import { floats, foldWorkgroups } from '../shared/maps.ts';
import adamWCode from './adamW.wgsl?raw';
import sgdCode from './sgd.wgsl?raw';

/** fastai v1's second beta. */
export const ADAMW_BETA2 = 0.99;
/** PyTorch's default. */
export const ADAMW_EPS = 1e-8;
/** Floats of one row of the schedule buffer. */
export const SCHEDULE_ROW = 4;

const LANES = 64;
const VECTORS = 4;

export interface OptimizerStep {
  readonly optimizer: OptimizerName;
  /** Elements of the packed buffers, a multiple of 4: `TensorTable.packedSize`. */
  readonly packedSize: number;
  /** AdamW: decoupled, times the learning rate. SGD: added to the gradient. On every parameter. */
  readonly weightDecay: number;
  /** AdamW's second beta; fastai v1's unless given. */
  readonly beta2?: number;
  /** Updated in place. */
  readonly parameters: GPUBuffer;
  readonly gradients: GPUBuffer;
  /** AdamW: first and second moment; SGD: velocity. Zeros before the first step; updated in place. */
  readonly moments: readonly GPUBuffer[];
  /** `scheduleRow` of every step of the run. */
  readonly schedule: GPUBuffer;
  /** `[1]`, uint32: the step, 0-based, read only. */
  readonly counter: GPUBuffer;
}

/** Buffers in `OptimizerStep.moments`. */
export function momentCount(optimizer: OptimizerName): number {
  return optimizer === 'adamw' ? 2 : 1;
}

/**
 * The schedule buffer's row for step `t` (1-based): learning rate, momentum (AdamW: first beta) and
 * AdamW's bias corrections `lr / (1 - beta1^t)` and `1 / sqrt(1 - beta2^t)`, all in double precision. The
 * correction takes the current beta1 to the power t, also while a schedule cycles it, as PyTorch does.
 * @throws {RangeError} when `t` is no positive integer.
 */
export function scheduleRow(
  optimizer: OptimizerName,
  t: number,
  learningRate: number,
  momentum: number,
  beta2 = ADAMW_BETA2,
): [number, number, number, number] {
  if (!(Number.isInteger(t) && t >= 1)) throw new RangeError(`scheduleRow: step ${t} must be 1 or more`);
  if (optimizer === 'sgd') return [learningRate, momentum, learningRate, 1];
  return [learningRate, momentum, learningRate / (1 - momentum ** t), 1 / Math.sqrt(1 - beta2 ** t)];
}

/**
 * One update of all parameters, one dispatch.
 * @throws {RangeError} when `packedSize` is no multiple of 4 or the number of moments is wrong.
 */
export function optimizerStep(options: OptimizerStep): Dispatch[] {
  const { optimizer, packedSize, weightDecay, moments, beta2 = ADAMW_BETA2 } = options;
  if (packedSize % 4 !== 0)
    throw new RangeError(`optimizer: packed size ${packedSize} must be a multiple of 4`);
  if (moments.length !== momentCount(optimizer)) {
    throw new RangeError(
      `optimizer: ${optimizer} keeps ${momentCount(optimizer)} moments, not ${moments.length}`,
    );
  }
  const vectors = packedSize / 4;
  const adamW = optimizer === 'adamw';
  return [
    {
      shader: {
        label: adamW ? 'adamW' : 'sgd',
        code: adamW ? adamWCode : sgdCode,
        bindings: [
          'read_write',
          'read',
          ...moments.map(() => 'read_write' as const),
          'read',
          'read',
          'uniform',
        ],
        constants: { LANES, VECTORS },
      },
      bindings: [
        floats(options.parameters, packedSize),
        floats(options.gradients, packedSize),
        ...moments.map((moment) => floats(moment, packedSize)),
        { buffer: options.schedule },
        { buffer: options.counter },
        {
          uniform: adamW
            ? words(['u', vectors], ['f', weightDecay], ['f', beta2], ['f', 1 - beta2], ['f', ADAMW_EPS])
            : words(['u', vectors], ['f', weightDecay]),
        },
      ],
      workgroups: foldWorkgroups(Math.ceil(vectors / (LANES * VECTORS))),
    },
  ];
}
