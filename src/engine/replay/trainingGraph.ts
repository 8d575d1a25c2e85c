import type { BlockSpec, ConvNorm, ConvSpec, NetworkSpec } from '#domain/resnet.ts';
import type { Dispatch } from '#gpu/command.ts';
import { headEvaluation, headTraining, type ClassifierSlices } from '#kernels/head/kernel.ts';
import type { InverseDeviations } from '#kernels/layerStatistics/kernel.ts';
import type { MapShape } from '#kernels/shared/maps.ts';
import type { BufferPool } from './bufferPool.ts';
import type { ConvLayer, Convolutions } from './convolutions.ts';
import type { ModelBuffers, NormLayer } from './normLayers.ts';
import type { Tunings } from './tunings.ts';

/** A convolution with its normalization, ready to be recorded. */
interface Layer {
  readonly conv: ConvLayer;
  readonly norm: NormLayer;
}

/** What the backward pass needs of a layer's forward pass. */
interface Saved {
  readonly layer: Layer;
  readonly input: GPUBuffer;
  /** Output of the convolution. */
  readonly x: GPUBuffer;
  /** Output of the normalization, after residual and ReLU. */
  readonly y: GPUBuffer;
  readonly relu: boolean;
  readonly residual: GPUBuffer | undefined;
}

interface SavedBlock {
  readonly input: GPUBuffer;
  readonly first: Saved;
  readonly second: Saved;
  readonly shortcut: Saved | undefined;
}

/** What a convolution of a training step and its normalization have left; intact until their backward pass. */
export interface LayerOutput {
  readonly conv: ConvSpec;
  /** Output of the convolution, `size` floats, before any normalization. */
  readonly x: GPUBuffer;
  readonly size: number;
  readonly deviations: InverseDeviations | undefined;
  /** The dispatch that wrote the last of it. */
  readonly after: Dispatch;
}

export interface GraphParts {
  readonly network: NetworkSpec;
  readonly batch: number;
  readonly model: ModelBuffers;
  readonly pool: BufferPool;
  readonly convolutions: Convolutions;
  readonly tunings: Pick<Tunings, 'head'>;
  readonly norm: (spec: ConvNorm['norm']) => NormLayer;
  /** Told of every convolution in order of the forward pass. */
  readonly observe?: ((output: LayerOutput) => void) | undefined;
}

export interface HeadBuffers {
  /** `[N]` uint32. */
  readonly labels: GPUBuffer;
  /** `[N, classes]`. */
  readonly logits: GPUBuffer;
  /** Per-image loss and correctness. */
  readonly results: GPUBuffer;
  /** The step (training) or the cursor (evaluation). */
  readonly counter: GPUBuffer;
}

/**
 * Forward and backward pass of one batch as a list of dispatches, in `record` order, which leaves the filters'
 * gradients as partial sums. Buffers are borrowed
 * from the pool when their producer is recorded and given back after their last reader, so that the peak
 * is what backpropagation needs and gradients reuse the room of spent activations.
 */
export function recordTraining(
  parts: GraphParts,
  images: GPUBuffer,
  head: HeadBuffers & { readonly ring: GPUBuffer; readonly ringSize: number },
): Dispatch[] {
  const { network, batch, pool, convolutions, model } = parts;
  const dispatches: Dispatch[] = [];

  const run = ({ conv, norm }: ConvNorm, input: GPUBuffer, relu: boolean, residual?: GPUBuffer): Saved => {
    const layer: Layer = { conv: convolutions.layer(conv), norm: parts.norm(norm) };
    const x = pool.borrow(layer.conv.outputSize);
    dispatches.push(...layer.conv.forward(input, x));
    const normalized = layer.norm.training({ x, relu, ...(residual ? { residual } : {}) });
    const { y, deviations } = normalized;
    dispatches.push(...normalized.dispatches);
    parts.observe?.({ conv, x, size: layer.conv.outputSize, deviations, after: dispatches.at(-1)! });
    return { layer, input, x, y, relu, residual };
  };

  const stem = run(network.stem, images, true);
  let features = stem.y;
  const blocks = network.blocks.map((block: BlockSpec): SavedBlock => {
    const input = features;
    const first = run(block.first, input, true);
    const shortcut = block.shortcut ? run(block.shortcut, input, false) : undefined;
    const second = run(block.second, first.y, true, shortcut ? shortcut.y : input);
    features = second.y;
    return { input, first, second, shortcut };
  });

  const shape = featureShape(network, batch);
  const classifier = classifierSlices(model, model.parameters);
  const pooled = pool.borrow(batch * network.features);
  const dLogits = pool.borrow(batch * network.classes);
  let gradient = pool.borrow(batch * shape.pixels * shape.channels);
  dispatches.push(
    ...headTraining({
      shape,
      tuning: parts.tunings.head,
      classes: network.classes,
      features,
      parameters: classifier,
      gradients: classifierSlices(model, model.gradients),
      labels: head.labels,
      logits: head.logits,
      results: head.results,
      pooled,
      dLogits,
      dFeatures: gradient,
      counter: head.counter,
      ring: head.ring,
      ringSize: head.ringSize,
    }),
  );
  pool.giveBack(pooled, dLogits);

  /** Through the normalization: gradients of the convolution's output and of the residual. */
  const throughNorm = (
    saved: Saved,
    dy: GPUBuffer,
    wantsResidual: boolean,
  ): { dx: GPUBuffer; dz: GPUBuffer } => {
    const {
      dispatches: backward,
      dx,
      dz,
    } = saved.layer.norm.backward({ ...normInput(saved), dy, y: saved.y }, wantsResidual);
    dispatches.push(...backward);
    return { dx, dz };
  };
  /** Frees what only this layer's backward pass still needed. */
  const spend = (saved: Saved): void => {
    pool.giveBack(saved.x);
    if (saved.y !== saved.x) pool.giveBack(saved.y);
  };
  const giveBackIf = (condition: boolean, buffer: GPUBuffer): void => {
    if (condition) pool.giveBack(buffer);
  };

  for (const { input, first, second, shortcut } of [...blocks].reverse()) {
    // Second convolution: dz is the gradient of the shortcut, too.
    const { dx: dSecond, dz } = throughNorm(second, gradient, true);
    giveBackIf(gradient !== dz && gradient !== dSecond, gradient);
    spend(second);
    dispatches.push(...second.layer.conv.filterGradient(first.y, dSecond));
    const dFirstOut = pool.borrow(first.layer.conv.outputSize);
    dispatches.push(...second.layer.conv.inputGradient(dSecond, dFirstOut, false));
    giveBackIf(dSecond !== dz, dSecond);

    const { dx: dFirst } = throughNorm(first, dFirstOut, false);
    giveBackIf(dFirst !== dFirstOut, dFirstOut);
    dispatches.push(...first.layer.conv.filterGradient(input, dFirst));
    spend(first);

    if (shortcut) {
      const { dx: dShortcut } = throughNorm(shortcut, dz, false);
      giveBackIf(dShortcut !== dz, dz);
      dispatches.push(...shortcut.layer.conv.filterGradient(input, dShortcut));
      const dInput = pool.borrow(first.layer.conv.inputSize);
      // The 3x3 convolution reaches every pixel; the strided 1x1 shortcut then adds to those it touches.
      dispatches.push(...first.layer.conv.inputGradient(dFirst, dInput, false));
      dispatches.push(...shortcut.layer.conv.inputGradient(dShortcut, dInput, true));
      pool.giveBack(dShortcut);
      spend(shortcut);
      gradient = dInput;
    } else {
      // The identity shortcut's gradient is there already.
      dispatches.push(...first.layer.conv.inputGradient(dFirst, dz, true));
      gradient = dz;
    }
    pool.giveBack(dFirst);
  }

  const { dx: dStem } = throughNorm(stem, gradient, false);
  giveBackIf(dStem !== gradient, gradient);
  spend(stem);
  dispatches.push(...stem.layer.conv.filterGradient(images, dStem));
  pool.giveBack(dStem);
  return dispatches;
}

/** Forward pass of one batch in evaluation mode. */
export function recordEvaluation(parts: GraphParts, images: GPUBuffer, head: HeadBuffers): Dispatch[] {
  const { network, batch, pool, convolutions, model } = parts;
  const dispatches: Dispatch[] = [];
  const run = (
    { conv, norm }: ConvNorm,
    input: GPUBuffer,
    relu: boolean,
    residual?: GPUBuffer,
  ): GPUBuffer => {
    const layer = convolutions.layer(conv);
    const x = pool.borrow(layer.outputSize);
    dispatches.push(...layer.forward(input, x));
    const { y, dispatches: normalize } = parts
      .norm(norm)
      .evaluation({ x, relu, ...(residual ? { residual } : {}) });
    dispatches.push(...normalize);
    if (y !== x) pool.giveBack(x);
    return y;
  };
  let features = run(network.stem, images, true);
  for (const block of network.blocks) {
    const input = features;
    const middle = run(block.first, input, true);
    const shortcut = block.shortcut ? run(block.shortcut, input, false) : input;
    features = run(block.second, middle, true, shortcut);
    pool.giveBack(middle, input);
    if (shortcut !== input) pool.giveBack(shortcut);
  }
  dispatches.push(
    ...headEvaluation({
      shape: featureShape(network, batch),
      tuning: parts.tunings.head,
      classes: network.classes,
      features,
      parameters: classifierSlices(model, model.parameters),
      labels: head.labels,
      logits: head.logits,
      results: head.results,
      cursor: head.counter,
    }),
  );
  pool.giveBack(features);
  return dispatches;
}

function normInput({ x, relu, residual }: Saved): { x: GPUBuffer; relu: boolean; residual?: GPUBuffer } {
  return { x, relu, ...(residual ? { residual } : {}) };
}

/** Of what enters the head. */
export function featureShape(network: NetworkSpec, batch: number): MapShape {
  const last = network.blocks.at(-1)!.second.conv;
  return { batch, pixels: last.outSize ** 2, channels: last.outChannels };
}

export function classifierSlices(model: ModelBuffers, buffer: GPUBuffer): ClassifierSlices {
  const at = (name: string): number => model.parameterTable.byName.get(name)!.offset;
  return { buffer, weight: at('fc.weight'), bias: at('fc.bias') };
}
