import { convNorms, type ConvSpec, type NetworkSpec } from '#domain/resnet.ts';
import type { Dispatch } from '#gpu/command.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from '#kernels/conv2d/kernel.ts';
import { convShape, filterSize, type ConvShape } from '#kernels/conv2d/shape.ts';
import type { ConvPass, TileVariant } from '#kernels/conv2d/variants.ts';
import { optimizerStep, type OptimizerStep } from '#kernels/optimizer/kernel.ts';
import {
  filterGradients,
  placePartials,
  standardizeFilters,
  statisticsSize,
} from '#kernels/weightStandardization/kernel.ts';
import type { FilterTuning } from '#kernels/weightStandardization/table.ts';
import { updateStandardized } from '#kernels/weightStandardization/update.ts';
import type { BufferPool } from './bufferPool.ts';
import type { ModelBuffers } from './normLayers.ts';

/** Chooses the tile of one pass of one shape: a measured choice or a default. */
export type ChooseVariant = (pass: ConvPass, shape: ConvShape) => TileVariant;

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
  choose: ChooseVariant;
  filterTuning: FilterTuning;
  forTraining: boolean;
}): Convolutions {
  const { network, batch, ws, model, pool, choose, filterTuning, forTraining } = options;
  const shapes = new Map(convNorms(network).map(({ conv }) => [conv.name, convShape(conv, batch)]));
  const filters = Array.from(shapes, ([name, shape]) => ({
    offset: offsetOf(model, name),
    fanIn: shape.kernel ** 2 * shape.inChannels,
    outChannels: shape.outChannels,
    splits: filterGradientSplits(shape, choose('filterGradient', shape)),
  }));
  const { places, size } = placePartials(filters);
  const partials = forTraining ? pool.output('filter gradient partials', size) : undefined;
  const partialOf = new Map(Array.from(shapes.keys(), (name, i) => [name, places[i]!]));

  return {
    layer(spec) {
      const shape = shapes.get(spec.name)!;
      const filter = {
        buffer: model.filters,
        offset: offsetOf(model, spec.name) * 4,
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

function offsetOf(model: ModelBuffers, conv: string): number {
  return model.parameterTable.byName.get(`${conv}.weight`)!.offset;
}
