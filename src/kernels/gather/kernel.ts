import { words, type Binding, type Dispatch } from '#gpu/command.ts';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import { STREAM } from '#lib/randomStream.ts';
import philoxCode from '../shared/philox.wgsl?raw';
import { floats } from '../shared/maps.ts';
import advanceCode from './advance.wgsl?raw';
import gatherCode from './gather.wgsl?raw';

const LANES = 64;
const IMAGE_WORDS = IMAGE_BYTES / 4;
/** Images in 128 MiB, the storage binding that every device allows; their bytes are a multiple of 256. */
const IMAGES_PER_BINDING = Math.floor(2 ** 27 / IMAGE_BYTES);
const ORDER_HEADER = 4;

/** One half of a data set on the GPU. */
export interface ImageBuffers {
  /** `[count, 32, 32, 3]`, uint8, RGB. */
  readonly images: GPUBuffer;
  /** `[count]`, uint8; the buffer's length rounded up to 4 bytes. */
  readonly labels: GPUBuffer;
  /** At most 87,380: two bindings. */
  readonly count: number;
}

interface GatherOutput {
  readonly source: ImageBuffers;
  readonly batch: number;
  /** Of pixels scaled to 0 … 1, per channel. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  /** `[N, 32, 32, 3]`, written. */
  readonly x: GPUBuffer;
  /** `[N]`, uint32, written. */
  readonly labels: GPUBuffer;
}

export interface GatherTraining extends GatherOutput {
  /** Contents of `orderWords`. */
  readonly order: GPUBuffer;
  /** `[1]`, uint32: the step, read only. */
  readonly counter: GPUBuffer;
  /** Random crop (padding 4, black) and horizontal flip. */
  readonly augment: boolean;
  /** Keys the augmentation; an unsigned 32-bit integer. */
  readonly seed: number;
}

export interface GatherEvaluation extends GatherOutput {
  /** `[2]`, uint32: first image of this batch, images to evaluate; read only. */
  readonly cursor: GPUBuffer;
}

/**
 * Contents of the order buffer: a header, then the image indices of step `firstStep` and its successors,
 * N for each. Being in the buffer, the first step changes together with the indices, in queue order.
 */
export function orderWords(order: Uint32Array, firstStep: number): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(orderBufferWords(order.length));
  out[0] = firstStep;
  out[1] = order.length;
  out.set(order, ORDER_HEADER);
  return out;
}

/** 32-bit words of an order buffer for `indexCount` indices. */
export function orderBufferWords(indexCount: number): number {
  return ORDER_HEADER + indexCount;
}

/**
 * The batch of the counter's step, in the order buffer's order; one dispatch. An index past the order or
 * the data set is clamped, never read out of bounds.
 * @throws {RangeError} when the data set does not fit two bindings.
 */
export function gatherTraining(options: GatherTraining): Dispatch[] {
  return gather(options, options.order, options.counter, {
    augment: options.augment,
    evaluation: false,
    seed: options.seed,
  });
}

/**
 * Images `cursor[0]` to `cursor[0] + batch - 1`, unaugmented; past the last image, that image again.
 * @throws {RangeError} when the data set does not fit two bindings.
 */
export function gatherEvaluation(options: GatherEvaluation): Dispatch[] {
  return gather(options, options.cursor, options.cursor, { augment: false, evaluation: true, seed: 0 });
}

/** Adds `by` to the first word of a counter or cursor: put it last, after every dispatch that reads it. */
export function advanceCounter(counter: GPUBuffer, by: number): Dispatch[] {
  return [
    {
      shader: { label: 'advance', code: advanceCode, bindings: ['read_write', 'uniform'] },
      bindings: [{ buffer: counter }, { uniform: words(['u', by]) }],
      workgroups: [1, 1, 1],
    },
  ];
}

function gather(
  options: GatherOutput,
  order: GPUBuffer,
  counter: GPUBuffer,
  mode: { augment: boolean; evaluation: boolean; seed: number },
): Dispatch[] {
  const { source, batch, mean, deviation } = options;
  const { count } = source;
  if (!(count >= 1 && count <= 2 * IMAGES_PER_BINDING)) {
    throw new RangeError(`gather: ${count} images; 1 to ${2 * IMAGES_PER_BINDING} fit two bindings`);
  }
  const split = Math.min(count, IMAGES_PER_BINDING);
  const first: Binding = { buffer: source.images, size: split * IMAGE_BYTES };
  // Without a second part, its binding repeats the first and stays unread.
  const rest: Binding =
    count > split
      ? { buffer: source.images, offset: split * IMAGE_BYTES, size: (count - split) * IMAGE_BYTES }
      : first;
  const channel = (c: 0 | 1 | 2): readonly ['f', number] => ['f', 1 / (255 * deviation[c])];
  const shift = (c: 0 | 1 | 2): readonly ['f', number] => ['f', -mean[c] / deviation[c]];
  return [
    {
      shader: {
        label: 'gather',
        code: `${gatherCode}\n${philoxCode}`,
        bindings: ['read', 'read', 'read', 'read', 'read', 'read_write', 'read_write', 'uniform'],
        constants: { LANES, AUGMENT: mode.augment ? 1 : 0, EVALUATION: mode.evaluation ? 1 : 0 },
      },
      bindings: [
        first,
        rest,
        { buffer: source.labels },
        { buffer: order },
        { buffer: counter },
        floats(options.x, batch * IMAGE_WORDS * 4),
        floats(options.labels, batch),
        {
          uniform: words(
            channel(0),
            channel(1),
            channel(2),
            ['f', 0],
            shift(0),
            shift(1),
            shift(2),
            ['f', 0],
            ['u', count],
            ['u', split],
            ['u', batch],
            ['u', mode.seed >>> 0],
            ['u', STREAM.augmentation],
          ),
        },
      ],
      workgroups: [batch, 1, 1],
    },
  ];
}
