import { convNorms, type ConvSpec, type NetworkSpec, type TensorTable } from '#domain/resnet.ts';
import type { Dispatch } from '#gpu/command.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from '#kernels/conv2d/kernel.ts';
import { convShape, filterSize } from '#kernels/conv2d/shape.ts';
import { clipCoefficient, clipPartsSize, type ClipTuning } from '#kernels/gradientClip/kernel.ts';
import { optimizerStep, type OptimizerStep } from '#kernels/optimizer/kernel.ts';
import {
  filterGradients,
  placePartials,
  standardizeFilters,
  statisticsSize,
} from '#kernels/weightStandardization/kernel.ts';
import { updateStandardized } from '#kernels/weightStandardization/update.ts';
import type { BufferPool } from './bufferPool.ts';
import type { ModelBuffers } from './normLayers.ts';
import type { ChooseVariant, Tunings } from './tunings.ts';

/** One convolution of a recorded step. All buffers are whole tensors `[N, H, W, C]`. */
export interface ConvLayer {
  /** Elements of the input and of the output of the batch. */
  readonly inputSize: number;
  readonly outputSize: number;
  forward(input: GPUBuffer, output: GPUBuffer): Dispatch[];
  inputGradient(outputGradient: GPUBuffer, gradient: GPUBuffer, accumulate: boolean): Dispatch[];
  filterGradient(input: GPUBuffer, outputGradient: GPUBuffer): Dispatch[];
}

/** The end of a step, in order. */
export interface Update {
  /** What leaves all state as it is. */
  readonly prepare: readonly Dispatch[];
  /** From the first of these on a step has to be finished. */
  readonly change: readonly Dispatch[];
}

/** How gradients are clipped. */
export interface GradientClip {
  /** The L2 norm of all gradients together up to which they are left as they are. */
  readonly largest: number;
  readonly tuning: ClipTuning;
}

/** All convolutions of a network, and the dispatches that serve all their filters at once. */
export interface Convolutions {
  layer(spec: ConvSpec): ConvLayer;
  /** With Weight Standardization, the filters that `layer` reads, from the parameters; without, nothing. */
  prepareFilters(): Dispatch[];
  /**
   * The end of a step: sums the partial filter gradients in fixed order and updates all parameters. With Weight
   * Standardization it also takes those gradients through it and leaves the standardized new filters.
   * @param gradientEvery with Weight Standardization, filters' gradients are kept in every so many steps; 0: never.
   * @param clip with it gradients are all kept, as they were before clipping, and must be zeros between tensors.
   */
  update(optimizer: OptimizerStep, gradientEvery: number, clip?: GradientClip): Update;
}

/** The filters' partial gradients are a buffer of `pool`; evaluation needs none. */
export function createConvolutions(options: {
  network: NetworkSpec;
  batch: number;
  ws: boolean;
  /** With `ws`: Scaled WS. */
  isScaled: boolean;
  model: ModelBuffers;
  pool: BufferPool;
  tunings: Pick<Tunings, 'conv' | 'convDispatches' | 'filters'>;
  forTraining: boolean;
}): Convolutions {
  const { network, batch, ws, isScaled, model, pool, tunings, forTraining } = options;
  const { conv: choose, filters: filterTuning } = tunings;
  const shapes = new Map(convNorms(network).map(({ conv }) => [conv.name, convShape(conv, batch)]));
  const { filters, places, size } = placeFilters(network, batch, model.parameterTable, choose);
  const partials = forTraining ? pool.output('filter gradient partials', size) : undefined;
  const partialOf = new Map(Array.from(shapes.keys(), (name, i) => [name, places[i]!]));
  let statistics: GPUBuffer | undefined;
  const standardization = () => ({
    standardized: { buffer: model.filters },
    statistics: { buffer: (statistics ??= pool.output('filter statistics', statisticsSize(filters))) },
  });
  const standardize = (): Dispatch[] => {
    if (!ws) return [];
    const buffers = { parameters: { buffer: model.parameters }, ...standardization() };
    return standardizeFilters(filters, buffers, filterTuning, isScaled);
  };

  return {
    layer(spec) {
      const shape = shapes.get(spec.name)!;
      const dispatches = tunings.convDispatches(shape);
      const filter = {
        buffer: model.filters,
        offset: offsetOf(model.parameterTable, spec.name) * 4,
        size: filterSize(shape) * 4,
      };
      const { inChannels, outChannels, inSize, outSize } = shape;
      const inputSize = batch * inSize ** 2 * inChannels;
      const outputSize = batch * outSize ** 2 * outChannels;
      const input = (buffer: GPUBuffer) => ({ buffer, size: inputSize * 4 });
      const output = (buffer: GPUBuffer) => ({ buffer, size: outputSize * 4 });
      return {
        inputSize,
        outputSize,
        forward: (x, y) =>
          forward(
            shape,
            { input: input(x), filter, output: output(y) },
            choose('forward', shape),
            dispatches,
          ),
        inputGradient: (dy, dx, accumulate) =>
          inputGradient(
            shape,
            { outputGradient: output(dy), filter, inputGradient: input(dx) },
            { accumulate },
            choose('inputGradient', shape),
            dispatches,
          ),
        filterGradient(x, dy) {
          if (!partials)
            throw new Error('These convolutions were made for evaluation; they have no gradients');
          const { partialOffset, splits, fanIn } = partialOf.get(spec.name)!;
          return filterGradient(
            shape,
            {
              input: input(x),
              outputGradient: output(dy),
              partials: {
                buffer: partials,
                offset: partialOffset * 4,
                size: splits * fanIn * outChannels * 4,
              },
            },
            choose('filterGradient', shape),
            dispatches,
          );
        },
      };
    },
    prepareFilters: standardize,
    update(optimizer, gradientEvery, clip) {
      if (!partials) throw new Error('These convolutions were made for evaluation; they have no gradients');
      if (ws && !clip) {
        const fused = updateStandardized({
          ...optimizer,
          gradientEvery,
          filters: places,
          partials: { buffer: partials },
          standardized: model.filters,
          isScaled,
          tuning: filterTuning,
        });
        return { prepare: [], change: fused };
      }
      const gradients = filterGradients(
        places,
        {
          partials: { buffer: partials },
          gradient: { buffer: model.gradients },
          standardization: ws ? standardization() : undefined,
        },
        filterTuning,
      );
      if (!clip) return { prepare: gradients, change: optimizerStep(optimizer) };
      const { packedSize } = optimizer;
      const coefficient = pool.output('clip coefficient', 1);
      const norm = clipCoefficient({
        ...clip,
        packedSize,
        gradients: model.gradients,
        parts: pool.output('gradient squares', clipPartsSize(packedSize, clip.tuning)),
        coefficient,
      });
      return {
        prepare: [...gradients, ...norm],
        // The fused update would need the norm of gradients that it only computes.
        change: [...optimizerStep({ ...optimizer, coefficient }), ...standardize()],
      };
    },
  };
}

/** Where filters lie in `parameters`, and their partial gradients in a buffer of `size` elements. */
export function placeFilters(
  network: NetworkSpec,
  batch: number,
  parameters: TensorTable,
  choose: ChooseVariant,
) {
  const filters = convNorms(network).map(({ conv }) => {
    const shape = convShape(conv, batch);
    return {
      offset: offsetOf(parameters, conv.name),
      fanIn: shape.kernel ** 2 * shape.inChannels,
      outChannels: shape.outChannels,
      splits: filterGradientSplits(shape, choose('filterGradient', shape)),
    };
  });
  return { filters, ...placePartials(filters) };
}

function offsetOf(parameters: TensorTable, conv: string): number {
  return parameters.byName.get(`${conv}.weight`)!.offset;
}
