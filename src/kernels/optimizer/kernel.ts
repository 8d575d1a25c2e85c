import { words, type Dispatch } from '#gpu/command.ts';
import type { OptimizerName } from '#domain/experiment.ts';
import { WIDE_FLAT, type FlatTuning } from '../shared/flat.ts';
import { floats, foldWorkgroups } from '../shared/maps.ts';
import { expandTemplate } from '../shared/template.ts';
import adamWRule from './adamWRule.wgsl?raw';
import code from './optimizer.wgsl?raw';
import sgdRule from './sgdRule.wgsl?raw';

/** fastai v1's second beta. */
export const ADAMW_BETA2 = 0.99;
/** PyTorch's default. */
export const ADAMW_EPS = 1e-8;
/** Floats of one row of the schedule buffer. */
export const SCHEDULE_ROW = 4;

/** What decides how a parameter moves, apart from the schedule. */
export interface OptimizerRule {
  readonly optimizer: OptimizerName;
  /** AdamW: decoupled, times the learning rate. SGD: added to the gradient. On every parameter. */
  readonly weightDecay: number;
  /** AdamW's second beta; fastai v1's unless given. */
  readonly beta2?: number;
}

export interface OptimizerStep extends OptimizerRule {
  /** Elements of the packed buffers, a multiple of 4: `TensorTable.packedSize`. */
  readonly packedSize: number;
  /** Updated in place. */
  readonly parameters: GPUBuffer;
  readonly gradients: GPUBuffer;
  /** AdamW: first and second moment; SGD: velocity. Zeros before the first step; updated in place. */
  readonly moments: readonly GPUBuffer[];
  /** `scheduleRow` of every step of the run. */
  readonly schedule: GPUBuffer;
  /** `[1]`, uint32: the step, 0-based, read only. */
  readonly counter: GPUBuffer;
  /** `[1]` f32: what every gradient is multiplied with before anything else; absent: they are taken as they are. */
  readonly coefficient?: GPUBuffer | undefined;
  /** For a graphics card where absent. */
  readonly tuning?: FlatTuning;
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

/** The rule as code for kernels that update parameters, which bind its moments from `firstMoment` on. */
export function ruleCode(optimizer: OptimizerName, firstMoment: number): string {
  return expandTemplate(optimizer === 'adamw' ? adamWRule : sgdRule, { firstMoment });
}

/** A kernel's first parameter, then the rule's constants, as the kernels' uniform blocks begin. */
export function ruleWords(first: number, { optimizer, weightDecay, beta2 = ADAMW_BETA2 }: OptimizerRule) {
  return optimizer === 'adamw'
    ? words(['u', first], ['f', weightDecay], ['f', beta2], ['f', 1 - beta2], ['f', ADAMW_EPS])
    : words(['u', first], ['f', weightDecay], ['f', 0], ['f', 0], ['f', 0]);
}

/** @throws {RangeError} when the number of moments is wrong. */
export function checkMoments(optimizer: OptimizerName, moments: readonly GPUBuffer[]): void {
  if (moments.length === momentCount(optimizer)) return;
  throw new RangeError(
    `optimizer: ${optimizer} keeps ${momentCount(optimizer)} moments, not ${moments.length}`,
  );
}

/**
 * One update of all parameters, one dispatch.
 * @throws {RangeError} when `packedSize` is no multiple of 4 or the number of moments is wrong.
 */
export function optimizerStep(options: OptimizerStep): Dispatch[] {
  const { optimizer, packedSize, moments, coefficient, tuning = WIDE_FLAT } = options;
  if (packedSize % 4 !== 0)
    throw new RangeError(`optimizer: packed size ${packedSize} must be a multiple of 4`);
  checkMoments(optimizer, moments);
  const vectors = packedSize / 4;
  const clip = coefficient ? [floats(coefficient, 1)] : [];
  return [
    {
      shader: {
        label: `optimizer/${optimizer}${coefficient ? ', clipped' : ''}`,
        code: `${expandTemplate(code, { isClipped: clip.length > 0 })}\n${ruleCode(optimizer, 5 + clip.length)}`,
        bindings: [
          'read_write',
          'read',
          'read',
          'read',
          'uniform',
          ...clip.map(() => 'read' as const),
          ...moments.map(() => 'read_write' as const),
        ],
        constants: { LANES: tuning.lanes, VECTORS: tuning.vectors },
      },
      bindings: [
        floats(options.parameters, packedSize),
        floats(options.gradients, packedSize),
        { buffer: options.schedule },
        { buffer: options.counter },
        { uniform: ruleWords(vectors, options) },
        ...clip,
        ...moments.map((moment) => floats(moment, packedSize)),
      ],
      workgroups: foldWorkgroups(Math.ceil(vectors / (tuning.lanes * tuning.vectors))),
    },
  ];
}
