import { convNorms, type ConvSpec, type NetworkSpec, type TensorTable } from '#domain/resnet.ts';
import type { Dispatch } from '#gpu/command.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from '#kernels/conv2d/kernel.ts';
import { convShape, filterSize } from '#kernels/conv2d/shape.ts';
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

/** All convolutions of a network, and the dispatches that serve all their filters at once. */
export interface Convolutions {
  layer(spec: ConvSpec): ConvLayer;
  /** With Weight Standardization, the filters that `layer` reads, from the parameters; without, nothing. */
  prepareFilters(): Dispatch[];
  /**
   * The end of a step: sums the partial filter gradients in fixed order and updates all parameters. With Weight
   * Standardization it also takes those gradients through it and leaves the standardized new filters.
   * @param gradientEvery with Weight Standardization, filters' gradients are kept in every so many steps; 0: never.
   */
  update(optimizer: OptimizerStep, gradientEvery: number): Dispatch[];
}

/** The filters' partial gradients are a buffer of `pool`; evaluation needs none. */
export function createConvolutions(options: {
  network: NetworkSpec;
  batch: number;
  ws: boolean;
  model: ModelBuffers;
  pool: BufferPool;
  tunings: Pick<Tunings, 'conv' | 'filters'>;
  forTraining: boolean;
}): Convolutions {
  const { network, batch, ws, model, pool, tunings, forTraining } = options;
  const { conv: choose, filters: filterTuning } = tunings;
  const shapes = new Map(convNorms(network).map(({ conv }) => [conv.name, convShape(conv, batch)]));
  const { filters, places, size } = placeFilters(network, batch, model.parameterTable, choose);
  const partials = forTraining ? pool.output('filter gradient partials', size) : undefined;
  const partialOf = new Map(Array.from(shapes.keys(), (name, i) => [name, places[i]!]));

  return {
    layer(spec) {
      const shape = shapes.get(spec.name)!;
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
          forward(shape, { input: input(x), filter, output: output(y) }, choose('forward', shape)),
        inputGradient: (dy, dx, accumulate) =>
          inputGradient(
            shape,
            { outputGradient: output(dy), filter, inputGradient: input(dx) },
            { accumulate },
            choose('inputGradient', shape),
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
          );
        },
      };
    },
    prepareFilters() {
      if (!ws) return [];
      const buffers = {
        parameters: { buffer: model.parameters },
        standardized: { buffer: model.filters },
        statistics: { buffer: pool.output('filter statistics', statisticsSize(filters)) },
      };
      return standardizeFilters(filters, buffers, filterTuning);
    },
    update(optimizer, gradientEvery) {
      if (!partials) throw new Error('These convolutions were made for evaluation; they have no gradients');
      if (ws) {
        return updateStandardized({
          ...optimizer,
          gradientEvery,
          filters: places,
          partials: { buffer: partials },
          standardized: model.filters,
          tuning: filterTuning,
        });
      }
      return [
        ...filterGradients(
          places,
          { partials: { buffer: partials }, gradient: { buffer: model.gradients } },
          filterTuning,
        ),
        ...optimizerStep(optimizer),
      ];
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
