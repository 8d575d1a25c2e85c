import { words, type Dispatch, type Shader } from '#gpu/command.ts';
import { checkMap, floats, mapSize, WIDE_MAPS, type MapShape, type MapTuning } from '../shared/maps.ts';
import classifyCode from './classify.wgsl?raw';
import evaluationCode from './headEvaluation.wgsl?raw';
import gradientCode from './headGradient.wgsl?raw';
import trainingCode from './headTraining.wgsl?raw';

/** Lanes, and with them classes, of a workgroup at most. */
const MOST_LANES = 256;
const GRADIENT_LANES = 64;
/** Pooled features of one image lie in workgroup memory: 8 of the 16 KiB that every device has. */
const MAX_CHANNELS = 2048;
const QUIET_NAN = 0x7fc00000;

/** 32-bit words of one entry of `results` and of one slot of `ring`: the loss (float32), then a count (uint32). */
export const RESULT_WORDS = 2;

/** The classifier inside a packed buffer (parameters or their gradients); offsets in elements. */
export interface ClassifierSlices {
  readonly buffer: GPUBuffer;
  /** `fc.weight`, `[features, classes]`. */
  readonly weight: number;
  /** `fc.bias`, `[classes]`. */
  readonly bias: number;
}

interface HeadInput {
  /** Shape of the feature map. */
  readonly shape: MapShape;
  /** At most 256. */
  readonly classes: number;
  /** For a graphics card where absent. */
  readonly tuning?: MapTuning;
  /** `[N, H*W, C]`, output of the last block. */
  readonly features: GPUBuffer;
  readonly parameters: ClassifierSlices;
  /** `[N]`, uint32 below `classes`. */
  readonly labels: GPUBuffer;
  /** `[N, classes]`, written. */
  readonly logits: GPUBuffer;
  /**
   * Written: per image the loss in nats (float32) and whether it was classified right (uint32). In training
   * `[N]`; in evaluation as many as images, the batch's at `cursor[0]`.
   */
  readonly results: GPUBuffer;
}

export interface HeadTraining extends HeadInput {
  /** Where the gradients of `fc.weight` and `fc.bias` go. */
  readonly gradients: ClassifierSlices;
  /** `[N, C]`, scratch between the two dispatches. */
  readonly pooled: GPUBuffer;
  /** `[N, classes]`, scratch between the two dispatches: gradient of the mean loss. */
  readonly dLogits: GPUBuffer;
  /** `[N, H*W, C]`, gradient of `features`, written. */
  readonly dFeatures: GPUBuffer;
  /** `[1]`, uint32: the step, read only. */
  readonly counter: GPUBuffer;
  /** `[ringSize]` slots of mean loss (float32) and correct count (uint32); slot `step % ringSize` is written. */
  readonly ring: GPUBuffer;
  readonly ringSize: number;
}

export interface HeadEvaluation extends HeadInput {
  /** `[2]`, uint32: first image of this batch, images to evaluate; read only. */
  readonly cursor: GPUBuffer;
}

/**
 * Global average pool, classifier, mean softmax cross-entropy and all their gradients; two dispatches.
 * @throws {RangeError} when classes or channels exceed what a workgroup holds.
 */
export function headTraining(options: HeadTraining): Dispatch[] {
  const { shape, classes, parameters, gradients, ringSize } = options;
  check(shape, classes);
  const { batch, pixels, channels } = shape;
  const pooled = floats(options.pooled, batch * channels);
  const dLogits = floats(options.dLogits, batch * classes);
  const results = floats(options.results, batch * RESULT_WORDS);
  return [
    {
      shader: classifyShader('headTraining', trainingCode, options, [
        'read',
        'read',
        'read',
        'read_write',
        'read_write',
        'read_write',
        'read_write',
        'read_write',
        'uniform',
      ]),
      bindings: [
        floats(options.features, mapSize(shape)),
        { buffer: parameters.buffer },
        floats(options.labels, batch),
        pooled,
        floats(options.logits, batch * classes),
        dLogits,
        results,
        floats(options.dFeatures, mapSize(shape)),
        {
          uniform: words(
            ['u', pixels],
            ['u', classes],
            ['u', parameters.weight],
            ['u', parameters.bias],
            ['u', batch],
            ['u', QUIET_NAN],
          ),
        },
      ],
      workgroups: [batch, 1, 1],
    },
    {
      shader: {
        label: 'headGradient',
        code: gradientCode,
        bindings: ['read', 'read', 'read', 'read', 'read_write', 'read_write', 'uniform'],
        constants: { LANES: GRADIENT_LANES },
      },
      bindings: [
        pooled,
        dLogits,
        results,
        { buffer: options.counter },
        { buffer: gradients.buffer },
        { buffer: options.ring },
        {
          uniform: words(
            ['u', batch],
            ['u', channels],
            ['u', classes],
            ['u', gradients.weight],
            ['u', gradients.bias],
            ['u', ringSize],
          ),
        },
      ],
      workgroups: [Math.ceil(((channels + 1) * classes) / GRADIENT_LANES) + 1, 1, 1],
    },
  ];
}

/**
 * Loss and correctness of each image of a batch, one dispatch; rows past `cursor[1]` are ignored.
 * @throws {RangeError} when classes or channels exceed what a workgroup holds.
 */
export function headEvaluation(options: HeadEvaluation): Dispatch[] {
  const { shape, classes, parameters } = options;
  check(shape, classes);
  const { batch, pixels } = shape;
  return [
    {
      shader: classifyShader('headEvaluation', evaluationCode, options, [
        'read',
        'read',
        'read',
        'read',
        'read_write',
        'read_write',
        'uniform',
      ]),
      bindings: [
        floats(options.features, mapSize(shape)),
        { buffer: parameters.buffer },
        floats(options.labels, batch),
        { buffer: options.cursor },
        floats(options.logits, batch * classes),
        { buffer: options.results },
        {
          uniform: words(
            ['u', pixels],
            ['u', classes],
            ['u', parameters.weight],
            ['u', parameters.bias],
            ['u', QUIET_NAN],
          ),
        },
      ],
      workgroups: [batch, 1, 1],
    },
  ];
}

function check(shape: MapShape, classes: number): void {
  checkMap('head', shape);
  if (!(classes >= 1 && classes <= MOST_LANES)) {
    throw new RangeError(`head: ${classes} classes; 1 to ${MOST_LANES} fit a workgroup`);
  }
  if (shape.channels > MAX_CHANNELS) {
    throw new RangeError(`head: ${shape.channels} features; at most ${MAX_CHANNELS} fit workgroup memory`);
  }
}

function classifyShader(
  label: string,
  code: string,
  { shape, classes, tuning = WIDE_MAPS }: HeadInput,
  bindings: Shader['bindings'],
): Shader {
  // At least one lane per class; as few lanes as that allows where lanes are dear.
  const lanes = Math.max(tuning.lanes, 2 ** Math.ceil(Math.log2(classes)));
  return {
    label,
    code: `${code}\n${classifyCode}`,
    bindings,
    constants: { LANES: lanes, CHANNELS: shape.channels },
  };
}
