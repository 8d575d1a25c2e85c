import { cardDispatches, softwareDispatches } from '#kernels/conv2d/dispatches.ts';
import type { ConvShape } from '#kernels/conv2d/shape.ts';
import { defaultVariant, type ConvPass, type TileVariant } from '#kernels/conv2d/variants.ts';
import { FLAT_CANDIDATES, flatTuning, type FlatTuning } from '#kernels/shared/flat.ts';
import { MAP_CANDIDATES, mapTuning, WIDE_MAPS, type MapTuning } from '#kernels/shared/maps.ts';
import { FILTER_CANDIDATES, filterTuning, type FilterTuning } from '#kernels/weightStandardization/table.ts';
import type { EngineConfig } from '../engine.ts';

/** Chooses the tile of one pass of one shape: a measured choice or a default. */
export type ChooseVariant = (pass: ConvPass, shape: ConvShape) => TileVariant;

/** How the kernels of a step are cut, apart from the convolutions. */
export interface KernelTunings {
  /** Batch norm and group norm. */
  readonly norm: MapTuning;
  /** What stands in their place in a network without normalization. */
  readonly relu: FlatTuning;
  readonly head: MapTuning;
  /** What goes over all filters: the sum of their partial gradients; Weight Standardization and its fused update. */
  readonly filters: FilterTuning;
  readonly optimizer: FlatTuning;
}

/** Everything that an adapter may want otherwise in a recorded step and evaluation. */
export interface Tunings extends KernelTunings {
  readonly conv: ChooseVariant;
  /** Dispatches that each pass of a convolution is cut into; the bits are the same whatever the cut. */
  readonly convDispatches: (shape: ConvShape) => number;
}

/** What is taken unmeasured. */
export function defaultTunings(isFallback: boolean): Tunings {
  return {
    conv: (pass, shape) => defaultVariant(pass, shape, isFallback),
    convDispatches: isFallback ? softwareDispatches : cardDispatches,
    norm: mapTuning(isFallback),
    relu: flatTuning(isFallback),
    head: mapTuning(isFallback),
    filters: filterTuning(isFallback),
    optimizer: flatTuning(isFallback),
  };
}

/** What decides which kernels a run has, and on what sizes. */
export type TunedRun = Pick<
  EngineConfig,
  'network' | 'batchSize' | 'norm' | 'ws' | 'optimizer' | 'gradientClip'
>;

/** Kernels beside the convolutions that one tuning is chosen for. */
export interface TunedPart {
  readonly part: keyof KernelTunings;
  /** Names the part and what it works on, as choices are kept. */
  readonly key: string;
  /** Candidates of graphics cards, to be timed on the adapter; the default first. */
  readonly candidates: readonly Partial<KernelTunings>[];
}

/** Lanes alone: group norm and head give a workgroup a whole group or image, however many pixels it has. */
const LANES_ALONE = MAP_CANDIDATES.filter(({ pixelsPerLane }) => pixelsPerLane === WIDE_MAPS.pixelsPerLane);

/** Everything beside the convolutions that a run chooses a tuning for, costliest first. */
export function tunedParts({
  network,
  batchSize,
  norm,
  ws,
  optimizer,
  gradientClip,
}: TunedRun): readonly TunedPart[] {
  // All other layers follow from the first.
  const { size, channels } = network.stem.norm;
  const layers = `${size}x${size}x${channels}`;
  const ofBatch = `n${batchSize} ${layers}`;
  const flat = FLAT_CANDIDATES;
  const activation: TunedPart =
    norm === 'none'
      ? { part: 'relu', key: `relu ${ofBatch}`, candidates: flat.map((relu) => ({ relu })) }
      : {
          part: 'norm',
          key: `${norm} ${ofBatch}`,
          candidates: (norm === 'gn' ? LANES_ALONE : MAP_CANDIDATES).map((tuning) => ({ norm: tuning })),
        };
  const filters: TunedPart = {
    part: 'filters',
    key: `${ws ? `ws ${optimizer}` : 'filter sums'} ${ofBatch}`,
    candidates: FILTER_CANDIDATES.map((tuning) => ({ filters: tuning })),
  };
  const update: TunedPart = {
    part: 'optimizer',
    key: `${optimizer} ${layers}`,
    candidates: flat.map((tuning) => ({ optimizer: tuning })),
  };
  const head: TunedPart = {
    part: 'head',
    key: `head ${network.classes} ${ofBatch}`,
    candidates: LANES_ALONE.map((tuning) => ({ head: tuning })),
  };
  // With Weight Standardization the filters' kernel is the optimizer, too; not with clipping, which has to know all
  // gradients first. The kernels that then go over the filters keep their default.
  const isFused = ws && gradientClip === undefined;
  return [activation, ...(ws && !isFused ? [] : [filters]), ...(isFused ? [] : [update]), head];
}

/** `tunings` with what each of `changes` says instead. */
export function withTunings(
  tunings: Tunings,
  changes: Iterable<Partial<KernelTunings> | undefined>,
): Tunings {
  const changed = { ...tunings };
  for (const change of changes) Object.assign(changed, change);
  return changed;
}

/** Names what `tunings` say of a part, such as `lanes 256, pixelsPerLane 8`. */
export function tuningName(part: keyof KernelTunings, tunings: Partial<KernelTunings>): string {
  return Object.entries(tunings[part] ?? {})
    .map(([what, value]) => `${what} ${value}`)
    .join(', ');
}
