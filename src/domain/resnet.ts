import type { Norm } from './experiment.ts';

/** One convolution of the network: square maps, square filters, no bias. */
export interface ConvSpec {
  /** torchvision's module path, such as `layer2.0.conv1`. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** Height and width of the input and of the output map, pixels. */
  readonly inSize: number;
  readonly outSize: number;
}

/** One normalization layer (or none) over maps of `size` x `size` pixels. */
export interface NormSpec {
  readonly name: string;
  readonly channels: number;
  readonly size: number;
}

export interface ConvNorm {
  readonly conv: ConvSpec;
  readonly norm: NormSpec;
}

/** relu(norm2(conv2(relu(norm1(conv1(x))))) + shortcut(x)); the shortcut is the identity where undefined. */
export interface BlockSpec {
  readonly name: string;
  readonly first: ConvNorm;
  readonly second: ConvNorm;
  readonly shortcut: ConvNorm | undefined;
}

export interface NetworkSpec {
  readonly imageSize: number;
  readonly stem: ConvNorm;
  readonly blocks: readonly BlockSpec[];
  /** Channels that enter the classifier. */
  readonly features: number;
  readonly classes: number;
}

const IMAGE_SIZE = 32;

/**
 * ResNet-18 for 32x32 images: 3x3 stem of stride 1 without max-pool, four stages of two basic blocks with
 * `width`, 2, 4 and 8 times `width` channels, 1x1 projection shortcuts, global average pool, linear.
 *
 * Source: He et al. 2016, arXiv:1512.03385; names as in torchvision's `resnet18`.
 */
export function resnet18(options: { width: number; stemPadding: number; classes: number }): NetworkSpec {
  const { width, stemPadding, classes } = options;
  const stem = convNorm('conv1', 'bn1', 3, width, 3, 1, stemPadding, IMAGE_SIZE);
  const blocks: BlockSpec[] = [];
  let channels = width;
  let size = stem.conv.outSize;
  for (let stage = 0; stage < 4; stage++) {
    const out = width * 2 ** stage;
    for (let index = 0; index < 2; index++) {
      const name = `layer${stage + 1}.${index}`;
      const stride = stage > 0 && index === 0 ? 2 : 1;
      const first = convNorm(`${name}.conv1`, `${name}.bn1`, channels, out, 3, stride, 1, size);
      const second = convNorm(`${name}.conv2`, `${name}.bn2`, out, out, 3, 1, 1, first.conv.outSize);
      const shortcut =
        stride !== 1 || channels !== out
          ? convNorm(`${name}.downsample.0`, `${name}.downsample.1`, channels, out, 1, stride, 0, size)
          : undefined;
      blocks.push({ name, first, second, shortcut });
      channels = out;
      size = first.conv.outSize;
    }
  }
  return { imageSize: IMAGE_SIZE, stem, blocks, features: channels, classes };
}

function convNorm(
  convName: string,
  normName: string,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride: number,
  padding: number,
  inSize: number,
): ConvNorm {
  const outSize = Math.floor((inSize + 2 * padding - kernel) / stride) + 1;
  return {
    conv: { name: convName, inChannels, outChannels, kernel, stride, padding, inSize, outSize },
    norm: { name: normName, channels: outChannels, size: outSize },
  };
}

/** Every convolution with its normalization, in forward order: first, shortcut, second of each block. */
export function convNorms(network: NetworkSpec): ConvNorm[] {
  const all = [network.stem];
  for (const block of network.blocks) {
    all.push(block.first);
    if (block.shortcut) all.push(block.shortcut);
    all.push(block.second);
  }
  return all;
}

/** GN groups: 32, or half the channels where there are fewer than 64 (`SPEC`: as the WS authors advise). */
export function groupCount(channels: number): number {
  return Math.max(1, Math.min(32, Math.floor(channels / 2)));
}

export type TensorKind = 'filter' | 'scale' | 'shift' | 'linearWeight' | 'linearBias';

/** One trainable tensor and its place in a packed buffer. */
export interface TensorSpec {
  /** torchvision's name, such as `layer1.0.conv1.weight`. */
  readonly name: string;
  readonly kind: TensorKind;
  /** Filters `[kH, kW, inC, outC]`, the classifier `[features, classes]`, all else `[channels]`. */
  readonly shape: readonly number[];
  /** Elements. */
  readonly size: number;
  /** First element in the packed buffer: a multiple of 64, so that a slice can be bound (256 bytes). */
  readonly offset: number;
}

export interface TensorTable {
  readonly tensors: readonly TensorSpec[];
  readonly byName: ReadonlyMap<string, TensorSpec>;
  /** Elements of the packed buffer, padding included. */
  readonly packedSize: number;
}

function pack(list: readonly Omit<TensorSpec, 'size' | 'offset'>[]): TensorTable {
  let offset = 0;
  const tensors = list.map((tensor) => {
    const size = tensor.shape.reduce((product, extent) => product * extent, 1);
    const spec = { ...tensor, size, offset };
    offset += Math.ceil(size / 64) * 64;
    return spec;
  });
  return { tensors, byName: new Map(tensors.map((tensor) => [tensor.name, tensor])), packedSize: offset };
}

/** All trainable tensors: filters, then norm scales and shifts (none for `norm: 'none'`), then the classifier. */
export function parameterTable(network: NetworkSpec, norm: Norm): TensorTable {
  const layers = convNorms(network);
  return pack([
    ...layers.map(({ conv }) => ({
      name: `${conv.name}.weight`,
      kind: 'filter' as const,
      shape: [conv.kernel, conv.kernel, conv.inChannels, conv.outChannels],
    })),
    ...(norm === 'none' ? [] : layers).flatMap(({ norm: layer }) => [
      { name: `${layer.name}.weight`, kind: 'scale' as const, shape: [layer.channels] },
      { name: `${layer.name}.bias`, kind: 'shift' as const, shape: [layer.channels] },
    ]),
    { name: 'fc.weight', kind: 'linearWeight' as const, shape: [network.features, network.classes] },
    { name: 'fc.bias', kind: 'linearBias' as const, shape: [network.classes] },
  ]);
}

/** BN's running statistics (`running_mean`, `running_var`); empty for GN and none. */
export function bufferTable(network: NetworkSpec, norm: Norm): TensorTable {
  return pack(
    (norm === 'bn' ? convNorms(network) : []).flatMap(({ norm: layer }) => [
      { name: `${layer.name}.running_mean`, kind: 'shift' as const, shape: [layer.channels] },
      { name: `${layer.name}.running_var`, kind: 'scale' as const, shape: [layer.channels] },
    ]),
  );
}

/**
 * Floating-point operations of training on one image: three times the forward pass, two per multiply-add.
 * What normalization, loss and optimizer add is left out, as is usual.
 */
export function trainingFlops(network: NetworkSpec): number {
  return 3 * 2 * forwardMultiplyAdds(network);
}

/** Multiply-adds of one image's forward pass: convolutions and classifier. */
export function forwardMultiplyAdds(network: NetworkSpec): number {
  const convolutions = convNorms(network).reduce(
    (sum, { conv }) => sum + conv.outSize ** 2 * conv.outChannels * conv.inChannels * conv.kernel ** 2,
    0,
  );
  return convolutions + network.features * network.classes;
}
