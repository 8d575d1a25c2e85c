import type { Page } from '@playwright/test';
import { expect } from './fixtures.ts';

/** Settings of the question P1 that some run has otherwise. */
interface MadeUp {
  readonly ws?: boolean;
  readonly seed?: number;
  readonly batchSize?: number;
  /** Ends early, with a loss that is no number. */
  readonly divergesAt?: number;
  readonly norm?: 'none' | 'bn' | 'gn';
  /** A finder of the same study, which explodes near the end of its ramp. */
  readonly isFinder?: boolean;
}

const RAMP = { start: 1e-7, end: 10, steps: 100 } as const;

/** One run of the file, as far as it is read again here. */
interface MadeUpFile {
  readonly run: { readonly header: object; readonly [name: string]: unknown };
  readonly steps: object;
}

const STEPS = 600;
const EPOCHS = 3;

/** A file as the page exports it, of runs that were never computed: curves that fall, with noise and one spike. */
export function madeUpRuns(list: readonly MadeUp[]): { name: string; mimeType: string; buffer: Buffer } {
  const file = {
    format: 'normlab-runs',
    formatVersion: 1,
    runs: list.map((made, i) => (made.isFinder ? exportedFinder(made, i) : exportedRun(made, i))),
  };
  return {
    name: 'runs.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(file)),
  };
}

/** Opens the page with runs that were never computed, in Compare. */
export async function openMadeUpRuns(page: Page, list: readonly MadeUp[]): Promise<void> {
  await page.goto('./');
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByLabel('File of runs').setInputFiles(madeUpRuns(list));
  await expect(page.getByText(`${list.length} runs were added.`)).toBeVisible();
}

function exportedRun(made: MadeUp, index: number): MadeUpFile {
  const { ws = false, seed = 1, batchSize = 64, divergesAt, norm = 'bn' } = made;
  const experiment = {
    norm,
    ws,
    batchSize,
    width: 64,
    stemPadding: 0,
    optimizer: 'adamw',
    schedule: 'one-cycle',
    maxLearningRate: 5e-4,
    weightDecay: 0.01,
    momentum: 0.9,
    epochs: EPOCHS,
    seed,
    augmentation: 'none',
    trainLimit: 0,
    validLimit: 0,
  };
  const count = divergesAt === undefined ? STEPS : divergesAt + 1;
  const series = (value: (step: number) => number | 'NaN'): readonly (number | 'NaN')[] =>
    Array.from({ length: count }, (_, step) => {
      const one = value(step);
      return one === 'NaN' ? one : Math.fround(one);
    });
  // Higher by far than the others, so that its own axis is another.
  const level = batchSize === 2 ? 2.4 : 0.6;
  const mean = (step: number): number =>
    level + 1.6 * Math.exp(-step / 150) - (ws ? 0.05 * (1 - Math.exp(-step / 60)) : 0) + 0.02 * (seed % 3);
  // The same batches are as hard for every run of a seed.
  const noise = (step: number): number => (((step * 7919 + seed * 104_729) % 1009) / 1009 - 0.5) * 0.3;
  const stepsPerEpoch = STEPS / EPOCHS;
  const epochs = Array.from({ length: Math.floor(count / stepsPerEpoch) }, (_, epoch) => ({
    epoch,
    step: (epoch + 1) * stepsPerEpoch,
    trainLoss: mean((epoch + 1) * stepsPerEpoch),
    validLoss: mean((epoch + 1) * stepsPerEpoch) + 0.1,
    standardError: 0.01,
    accuracy: 0.5 + 0.1 * epoch + (ws ? 0.02 : 0),
    milliseconds: 60_000,
  }));
  const lost = (step: number): boolean => step === divergesAt;
  return {
    run: {
      header: {
        runId: `made-up-${index}`,
        number: index + 1,
        experiment,
        origin: {
          studyId: 'made-up',
          studyTitle: 'Batch 64, made up',
          arm: ws ? 1 : 0,
          mode: 'race',
          question: { id: 'P1', size: 'full' },
        },
        kind: 'train',
        startedAt: 1_700_000_000_000 + index,
        dataset: { title: 'Made up', hash: 'ab'.repeat(32) },
        device: { title: 'No GPU', backend: 'webgpu' },
        version: '0.1.0',
      },
      notes: { name: '', tags: [], note: '' },
      status: divergesAt === undefined ? 'finished' : 'diverged',
      plan: {
        experiment,
        totalSteps: STEPS,
        stepsPerEpoch,
        trainCount: batchSize * stepsPerEpoch,
        validCount: 100,
        initialWeightsHash: `w${seed}`,
        orderHash: `o${seed} ${batchSize}`,
      },
      epochs,
      ...(divergesAt !== undefined && {
        divergence: { step: divergesAt, loss: 'NaN', learningRate: 5e-4, reason: 'not-finite' },
      }),
      stepCount: count,
    },
    steps: {
      firstStep: 0,
      losses: series((step) => (lost(step) ? 'NaN' : step === 300 ? 30 : mean(step) + noise(step))),
      smoothed: series((step) => (lost(step) ? 'NaN' : mean(step))),
      learningRates: series((step) => 5e-4 * Math.sin((Math.PI * (step + 1)) / (STEPS + 1))),
      momenta: series(() => 0.9),
      elapsedMs: series((step) => 200 * (step + 1) * (ws ? 1.14 : 1)),
      wallMs: series((step) => 210 * (step + 1)),
    },
  };
}

/** Falls from the thirtieth step on, and explodes after the turn. */
function exportedFinder(made: MadeUp, index: number): MadeUpFile {
  const { run } = exportedRun(made, index);
  const turn = 62 + (made.seed ?? 1) + (made.ws ? 5 : 0);
  const steps = Array.from({ length: 96 }, (_, step) => step);
  const series = (value: (step: number) => number): readonly number[] =>
    steps.map((step) => Math.fround(value(step)));
  const loss = (step: number): number =>
    2.4 - Math.max(0, Math.min(step, turn) - 30) / 40 + Math.max(0, (step - turn) / 8) ** 3;
  const { start, end } = RAMP;
  const zeros = series(() => 0);
  const times = series((step) => 10 * (step + 1));
  return {
    run: {
      header: { ...run.header, kind: 'finder', finder: RAMP },
      notes: { name: '', tags: [], note: '' },
      status: 'finished',
      epochs: [],
      result: {
        stoppedAt: steps.length - 1,
        reason: 'completed',
        suggestions: [{ rule: 'valley', learningRate: 1e-3, index: 50 }],
        disagree: false,
      },
      stepCount: steps.length,
    },
    steps: {
      firstStep: 0,
      losses: series((step) => loss(step) + 0.05 * Math.sin(7 * step)),
      smoothed: series(loss),
      learningRates: series((step) => start * (end / start) ** (step / RAMP.steps)),
      momenta: zeros,
      elapsedMs: times,
      wallMs: times,
    },
  };
}
