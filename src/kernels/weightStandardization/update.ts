import type { BufferSlice, Dispatch } from '#gpu/command.ts';
import { checkMoments, ruleCode, ruleWords, type OptimizerStep } from '../optimizer/kernel.ts';
import { expandTemplate } from '../shared/template.ts';
import columnsCode from './columns.wgsl?raw';
import { columnValues, filterTables, WIDE_FILTERS, type FilterTuning, type PartialPlace } from './table.ts';
import updateCode from './update.wgsl?raw';

/** Elements of a row of parameters that are no filters: `TensorSpec.offset` is a multiple of it. */
const ROW = 64;
/** Word of the kernel's `Params` behind those of the optimizer's rule, which are padded to a multiple of four. */
const GRADIENT_EVERY = 5;

/** Everything that a training step with Weight Standardization leaves to do when its backward pass is over. */
export interface StandardizedUpdate extends Omit<OptimizerStep, 'tuning' | 'coefficient'> {
  /** Every filter of the network, at a multiple of 64. */
  readonly filters: readonly PartialPlace[];
  /** All partial sums of the filters' gradients, at each filter's `partialOffset`. */
  readonly partials: BufferSlice;
  /** Packed like the parameters; the filters' places are written, with the standardized new filters. */
  readonly standardized: GPUBuffer;
  /** The filters' gradients are written to `gradients` in every so many steps, from step 0 on; 0: never. */
  readonly gradientEvery: number;
  /** Standardized filters have the deviation of Scaled WS in place of one. */
  readonly isScaled?: boolean;
  readonly tuning?: FilterTuning;
}

/**
 * Sums the filters' partial gradients, takes them through the standardization, updates every parameter, filter or
 * not, and standardizes the new filters for the next step: one dispatch for up to 64 filters and runs of other
 * parameters. Before the first step `standardizeFilters` has to do the last.
 *
 * @throws {RangeError} when a filter's place is no multiple of 64 or the number of moments is wrong.
 */
export function updateStandardized(options: StandardizedUpdate): Dispatch[] {
  const { optimizer, packedSize, moments, isScaled = false, tuning = WIDE_FILTERS } = options;
  checkMoments(optimizer, moments);
  const whole = (buffer: GPUBuffer): BufferSlice => ({ buffer, size: packedSize * 4 });
  const places = allParameters(options.filters, packedSize);
  const header = ruleWords(0, options);
  header[GRADIENT_EVERY] = options.gradientEvery;
  return filterTables(places, header).map(({ uniform, workgroups, width }) => ({
    shader: {
      label: `weightStandardization/update, ${optimizer}`,
      code: expandTemplate(`${updateCode}\n${columnsCode}`, columnValues(width, tuning, isScaled)).concat(
        `\n${ruleCode(optimizer, 7)}`,
      ),
      bindings: [
        'read',
        'read_write',
        'read_write',
        'read_write',
        'read',
        'read',
        'uniform',
        ...moments.map(() => 'read_write' as const),
      ],
    },
    bindings: [
      options.partials,
      whole(options.gradients),
      whole(options.parameters),
      whole(options.standardized),
      { buffer: options.schedule },
      { buffer: options.counter },
      { uniform },
      ...moments.map(whole),
    ],
    workgroups: [workgroups, 1, 1],
  }));
}

/**
 * The filters and, as filters without partial sums, the runs of other parameters between them; those with the
 * longest columns first, so that no workgroup starts late.
 */
function allParameters(filters: readonly PartialPlace[], packedSize: number): PartialPlace[] {
  const places: PartialPlace[] = [...filters];
  let end = 0;
  const fill = (until: number): void => {
    if (until % ROW !== 0) throw new RangeError(`weightStandardization: ${until} is no multiple of ${ROW}`);
    if (until > end) {
      const fanIn = (until - end) / ROW;
      places.push({ offset: end, fanIn, outChannels: ROW, partialOffset: 0, splits: 0 });
    }
  };
  for (const { offset, fanIn, outChannels } of filters.toSorted((a, b) => a.offset - b.offset)) {
    fill(offset);
    end = offset + Math.ceil((fanIn * outChannels) / ROW) * ROW;
  }
  fill(packedSize);
  return places.toSorted((a, b) => b.fanIn - a.fanIn);
}
