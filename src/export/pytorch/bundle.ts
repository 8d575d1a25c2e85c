import { strToU8, zipSync } from 'fflate';
import { armName, type Experiment } from '#domain/experiment.ts';
import type { ImageSet } from '#domain/dataset.ts';
import type { RunPlan } from '#domain/run.ts';
import { VERSION } from '#domain/version.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../safetensors.ts';
import trainScript from './train.py?raw';

/** Steps whose images and losses the bundle carries. */
export const BUNDLE_STEPS = 10;

/** What PyTorch needs to go on with a run. */
export interface BundleInput {
  readonly plan: Pick<RunPlan, 'experiment' | 'totalSteps' | 'stepsPerEpoch' | 'trainCount' | 'validCount'>;
  readonly dataset: {
    readonly title: string;
    readonly hash: string;
    readonly classes: number;
    readonly mean: readonly [number, number, number];
    readonly deviation: readonly [number, number, number];
  };
  /**
   * Where training starts in PyTorch, as a safetensors file with torchvision's names: a run's initial weights, or
   * its newest, whose metadata says how many steps they have behind them (`step`).
   */
  readonly weights: Uint8Array;
  /** The run's losses; the first ten are compared when the weights are its initial ones. */
  readonly losses: ArrayLike<number>;
  /** Images of the first `BUNDLE_STEPS` batches in the order of the steps, not augmented. */
  readonly sample: Pick<ImageSet, 'images' | 'labels'>;
}

/**
 * A .zip with everything to train the same in PyTorch: `train.py`, its settings, the weights, the images of
 * the first batches and a note on how to run it. docs/export.md describes the files.
 *
 * @param now milliseconds since 1970, for the files' dates.
 * @throws {SafetensorsError} when the weights are no such file.
 */
export function pytorchBundle(input: BundleInput, now: number): Uint8Array<ArrayBuffer> {
  const { sample, weights } = input;
  const step = Number(decodeSafetensors(weights).metadata['step'] ?? 0);
  const images = new Map<string, StoredTensor>([
    ['images', { shape: [sample.labels.length, 32, 32, 3], data: sample.images }],
    ['labels', { shape: [sample.labels.length], data: sample.labels }],
  ]);
  const config = bundleConfig(input, step);
  const text = (content: string) => [strToU8(content), { level: 6 as const }] as const;
  const stored = (content: Uint8Array) => [content, { level: 0 as const }] as const; // floats do not deflate
  return zipSync(
    {
      'train.py': [...text(trainScript)],
      'config.json': [...text(`${JSON.stringify(config, undefined, 2)}\n`)],
      'README.txt': [...text(readme(input, step))],
      'init.safetensors': [...stored(weights)],
      'sample.safetensors': [...stored(encodeSafetensors(images))],
    },
    { mtime: now },
  );
}

/** `config.json`: the experiment, flat, with what follows from the data set. */
function bundleConfig(
  { plan, dataset, losses }: BundleInput,
  weightsStep: number,
): Experiment & Record<string, unknown> {
  const { experiment, totalSteps, stepsPerEpoch, trainCount, validCount } = plan;
  return {
    ...experiment,
    totalSteps,
    stepsPerEpoch,
    trainCount,
    validCount,
    classes: dataset.classes,
    dataset: dataset.title,
    datasetHash: dataset.hash,
    mean: dataset.mean,
    deviation: dataset.deviation,
    weightsStep,
    losses: weightsStep === 0 ? firstLosses(losses) : [],
    app: VERSION,
  };
}

/** The losses that are compared: up to one that is not a number, which JSON could not carry either. */
function firstLosses(losses: ArrayLike<number>): number[] {
  const first = Array.from({ length: Math.min(BUNDLE_STEPS, losses.length) }, (_, step) => losses[step]!);
  const bad = first.findIndex((loss) => !Number.isFinite(loss));
  return bad < 0 ? first : first.slice(0, bad);
}

function readme({ plan: { experiment }, dataset }: BundleInput, weightsStep: number): string {
  const { batchSize, width, optimizer, schedule, seed } = experiment;
  const start =
    weightsStep === 0
      ? 'the weights that the run in the browser started from'
      : `the weights of the run in the browser after ${weightsStep.toLocaleString('en-US')} steps (optimizer and schedule start anew)`;
  return `NormLab run, continued in PyTorch

${armName(experiment)}, width ${width}, batch ${batchSize}, ${optimizer}, ${schedule}, seed ${seed}, on ${dataset.title}.

  python train.py --check
      trains the first ${BUNDLE_STEPS} steps on the images in sample.safetensors and prints the losses beside
      the browser's; they agree to 1e-3 when augmentation is off and the weights are the initial ones.

  python train.py --data FOLDER
      trains the whole run on the official CIFAR-10 files (cifar-10-binary.tar.gz, unpacked) and prints the
      epoch table. The batches are those of the browser.

  torchrun --nproc-per-node=4 train.py --data FOLDER
      the same on four processes. Each takes its part of every batch; BN then normalizes by that part.
      (Before PyTorch 2 the option is spelled --nproc_per_node.)

  python train.py --help
      the other options, such as --save FILE to write weights that NormLab can import.

Needs PyTorch 1.12 or newer and NumPy. init.safetensors holds ${start}; config.json holds all settings.
`;
}
