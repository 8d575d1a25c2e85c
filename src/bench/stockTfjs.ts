import { groupCount, type ConvNorm, type NetworkSpec } from '#domain/resnet.ts';
import type { Norm } from '#domain/experiment.ts';
import * as tf from '#gpu/tf.ts';

export interface StockStepOptions {
  readonly network: NetworkSpec;
  readonly norm: Norm;
  readonly ws: boolean;
  readonly batchSize: number;
  /** `[N, H, W, C]`, normalized. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** By torchvision's names, filters `[kH, kW, inC, outC]`. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly learningRate: number;
}

export interface StockStep {
  /** Issues one training step; the loss arrives when the GPU is done. */
  step(): Promise<number>;
  dispose(): void;
}

/**
 * One training step as a user of stock TensorFlow.js would write it: core ops, variables and
 * `tf.train.adam`, on whatever backend is active. The yardstick of the benchmark, nothing else.
 */
export function createStockStep(options: StockStepOptions): StockStep {
  const { network, norm, ws, batchSize } = options;
  const trainable: tf.Variable[] = [];
  const all: tf.Tensor[] = [];
  const variable = (tensor: tf.Tensor, isTrainable = true): tf.Variable => {
    const made = tf.variable(tensor, isTrainable);
    tensor.dispose();
    all.push(made);
    if (isTrainable) trainable.push(made);
    return made;
  };
  const value = (name: string): Float32Array => {
    const found = options.weights.get(name);
    if (!found) throw new Error(`No initial weights for ${name}`);
    return found;
  };
  const layer = ({ conv, norm: { channels } }: ConvNorm) => {
    const fanIn = conv.kernel ** 2 * conv.inChannels;
    const filter = variable(
      tf.tensor4d(value(`${conv.name}.weight`), [
        conv.kernel,
        conv.kernel,
        conv.inChannels,
        conv.outChannels,
      ]),
    ) as unknown as tf.Tensor4D;
    const scale = norm === 'none' ? undefined : variable(tf.ones([channels]));
    const shift = norm === 'none' ? undefined : variable(tf.zeros([channels]));
    const runningMean = norm === 'bn' ? variable(tf.zeros([channels]), false) : undefined;
    const runningVariance = norm === 'bn' ? variable(tf.ones([channels]), false) : undefined;
    const weight = (): tf.Tensor4D => {
      if (!ws) return filter;
      const { mean, variance } = tf.moments(filter, [0, 1, 2], true);
      return filter.sub(mean).div(
        variance
          .mul(fanIn / (fanIn - 1))
          .sqrt()
          .add(1e-5),
      );
    };
    return (input: tf.Tensor4D): tf.Tensor4D => {
      const x = tf.conv2d(input, weight(), conv.stride, conv.padding);
      if (norm === 'none') return x;
      if (norm === 'gn') {
        const groups = groupCount(channels);
        const [n, h, w, c] = x.shape;
        const grouped = x.reshape([n, h, w, groups, c / groups]);
        const { mean, variance } = tf.moments(grouped, [1, 2, 4], true);
        return grouped
          .sub(mean)
          .mul(variance.add(1e-5).rsqrt())
          .reshape<tf.Tensor4D>(x.shape)
          .mul(scale!)
          .add(shift!);
      }
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      runningMean!.assign(runningMean!.mul(0.9).add(mean.mul(0.1)));
      runningVariance!.assign(runningVariance!.mul(0.9).add(variance.mul(0.1)));
      return tf.batchNorm<tf.Rank.R4>(
        x,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        shift as unknown as tf.Tensor1D,
        scale as unknown as tf.Tensor1D,
        1e-5,
      );
    };
  };
  const stem = layer(network.stem);
  const blocks = network.blocks.map((block) => ({
    first: layer(block.first),
    second: layer(block.second),
    shortcut: block.shortcut ? layer(block.shortcut) : (x: tf.Tensor4D): tf.Tensor4D => x,
  }));
  const fcWeight = variable(tf.tensor2d(value('fc.weight'), [network.features, network.classes]));
  const fcBias = variable(tf.tensor1d(value('fc.bias')));
  const images: tf.Tensor4D = tf.tensor4d(options.images, [
    batchSize,
    network.imageSize,
    network.imageSize,
    3,
  ]);
  const labels = tf.tidy(() => tf.oneHot(tf.tensor1d(options.labels, 'int32'), network.classes).toFloat());
  all.push(images, labels);
  const loss = (): tf.Scalar => {
    let h: tf.Tensor4D = stem(images).relu();
    for (const { first, second, shortcut } of blocks)
      h = second(first(h).relu()).add<tf.Tensor4D>(shortcut(h)).relu();
    const logits = h
      .mean<tf.Tensor2D>([1, 2])
      .matMul(fcWeight as unknown as tf.Tensor2D)
      .add(fcBias);
    return tf.losses.softmaxCrossEntropy(labels, logits);
  };
  const optimizer = tf.train.adam(options.learningRate, 0.9, 0.999, 1e-8);
  return {
    async step() {
      const { value: scalar, grads } = tf.variableGrads(loss, trainable);
      // The type says variables, but the names' gradients are what it takes.
      optimizer.applyGradients(grads as Parameters<typeof optimizer.applyGradients>[0]);
      tf.dispose(grads);
      const [result] = await scalar.data();
      scalar.dispose();
      return result!;
    },
    dispose() {
      optimizer.dispose();
      tf.dispose(all);
    },
  };
}
