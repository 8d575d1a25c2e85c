import { bufferTable, convNorms, parameterTable, type TensorTable } from '#domain/resnet.ts';
import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '#gpu/tf.ts';
import { crossEntropy, forward, type Arm } from '#nn/resnet.ts';
import type { Batch } from './batches.ts';

/**
 * The network over packed vectors: all parameters in one tensor without gaps, all running statistics in
 * another. One vector makes an optimizer step a dozen operations instead of a dozen per tensor.
 */
export interface PackedNetwork {
  readonly arm: Arm;
  readonly parameters: TensorTable;
  readonly statistics: TensorTable;
}

export function packedNetwork(arm: Arm): PackedNetwork {
  const { network, norm, ws, wsGain = 'unit' } = arm;
  return {
    arm: { network, norm, ws, wsGain },
    parameters: dense(parameterTable(network, norm)),
    statistics: dense(bufferTable(network, norm)),
  };
}

/** The same tensors without the alignment that bound buffers need. */
function dense(table: TensorTable): TensorTable {
  let offset = 0;
  const tensors = table.tensors.map((tensor) => {
    const moved = { ...tensor, offset };
    offset += tensor.size;
    return moved;
  });
  return { tensors, byName: new Map(tensors.map((tensor) => [tensor.name, tensor])), packedSize: offset };
}

/** n / (n - 1) for running variances of n values a channel, 1 for running means; in the packed order. */
export function unbiasFactors({ arm, statistics }: PackedNetwork, batchSize: number): Float32Array {
  const factors = new Float32Array(statistics.packedSize).fill(1);
  for (const { norm } of convNorms(arm.network)) {
    const variance = statistics.byName.get(`${norm.name}.running_var`);
    if (!variance) continue;
    const count = batchSize * norm.size ** 2;
    // A single value has variance 0, whatever it is multiplied with.
    factors.fill(count / Math.max(1, count - 1), variance.offset, variance.offset + variance.size);
  }
  return factors;
}

/** Results of a forward and backward pass; the caller disposes all of it. */
export interface TrainingPass {
  /** Mean cross-entropy of the batch, a scalar. */
  readonly loss: Tensor;
  /** `[N, classes]`. */
  readonly logits: Tensor2D;
  /** Of the loss, packed like the parameters. */
  readonly gradient: Tensor1D;
  /** The batch's means and population variances, packed like the running statistics; BN alone. */
  readonly statistics: Tensor1D | undefined;
}

/** Loss, gradient and batch statistics of one batch. */
export function trainingPass(network: PackedNetwork, parameters: Tensor1D, batch: Batch): TrainingPass {
  const kept: Tensor[] = [];
  const keep = <T extends Tensor>(tensor: T): T => {
    kept.push(tf.keep(tensor));
    return tensor;
  };
  try {
    return tf.tidy(() => {
      const { images, oneHot } = batchTensors(network, batch);
      const collected = new Map<string, Tensor>();
      let logits: Tensor2D | undefined;
      const lossOf = (...tensors: Tensor[]): tf.Scalar => {
        const named = nameTensors(network.parameters, tensors);
        logits = keep(
          forward(network.arm, named, images, {
            kind: 'training',
            onStatistics(layer, mean, variance) {
              collected.set(`${layer}.running_mean`, keep(mean));
              collected.set(`${layer}.running_var`, keep(variance));
            },
          }),
        );
        return tf.mean<tf.Scalar>(crossEntropy(logits, oneHot));
      };
      const { value, grads } = tf.valueAndGrads(lossOf)(unpack(network.parameters, parameters));
      return {
        loss: value,
        logits: logits!.clone(),
        gradient: tf.concat1d(grads.map(flat)),
        statistics:
          collected.size > 0
            ? tf.concat1d(network.statistics.tensors.map(({ name }) => flat(collected.get(name)!)))
            : undefined,
      };
    });
  } finally {
    tf.dispose(kept);
  }
}

/** Logits in evaluation mode, `[N, classes]`; the caller disposes them. */
export function evaluationLogits(
  network: PackedNetwork,
  parameters: Tensor1D,
  statistics: Tensor1D | undefined,
  batch: Batch,
): Tensor2D {
  return tf.tidy(() => {
    const { images } = batchTensors(network, batch);
    const named = nameTensors(network.parameters, unpack(network.parameters, parameters));
    const running = statistics ? unpack(network.statistics, statistics) : [];
    return forward(network.arm, named, images, {
      kind: 'evaluation',
      statistics: nameTensors(network.statistics, running),
    });
  });
}

/** `[2]`: the sum over the batch's images of their cross-entropy, and how many were classified right. */
export function score(network: PackedNetwork, logits: Tensor2D, batch: Batch): Tensor1D {
  return tf.tidy(() => {
    const oneHot = tf.tensor2d(batch.oneHot, [batch.labels.length, network.arm.network.classes]);
    return tf.stack([tf.sum(crossEntropy(logits, oneHot)), correctCount(logits, batch)]) as Tensor1D;
  });
}

/** Images whose largest logit is the label's, a float scalar. */
export function correctCount(logits: Tensor2D, batch: Batch): Tensor {
  return tf.tidy(() => {
    const labels = tf.tensor1d(batch.labels, 'int32');
    return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'));
  });
}

function batchTensors(network: PackedNetwork, batch: Batch): { images: Tensor4D; oneHot: Tensor2D } {
  const { imageSize, classes } = network.arm.network;
  const count = batch.labels.length;
  return {
    images: tf.tensor4d(batch.images, [count, imageSize, imageSize, 3]),
    oneHot: tf.tensor2d(batch.oneHot, [count, classes]),
  };
}

function unpack(table: TensorTable, packed: Tensor1D): Tensor[] {
  const parts = tf.split(
    packed,
    table.tensors.map(({ size }) => size),
  );
  return parts.map((part, i) => tf.reshape(part, [...table.tensors[i]!.shape]));
}

function nameTensors(table: TensorTable, tensors: readonly Tensor[]): Map<string, Tensor> {
  return new Map(table.tensors.map(({ name }, i) => [name, tensors[i]!]));
}

const flat = (tensor: Tensor): Tensor1D => tf.reshape(tensor, [tensor.size]);
