import type { QuestionRef } from '#domain/study.ts';
import {
  asInPost,
  finders,
  QUICK,
  QUICK_TINY_BATCH,
  race,
  withAndWithoutWs,
  type Question,
  type QuestionSize,
} from '../question.ts';
import {
  notebookBatch2,
  notebookBatch2Fast,
  notebookFindersBatch2,
  notebookFindersBatch256,
} from './notebook.ts';

/** Questions about learning rates: what the finder shows, and whether its reading is right. */

/** 0.05 … 3 thousandths: the eye's pick first, then up. */
const SWEEP_RATES: readonly number[] = [5e-5, 1e-4, 3e-4, 1e-3, 3e-3];

function p2(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P2', size } as const;
  const isFull = size === 'full';
  const arms = withAndWithoutWs(asInPost({ batchSize: 2, ...(isFull ? {} : QUICK_TINY_BATCH) }));
  const seedCount = isFull ? 5 : 3;
  return {
    title: isFull ? 'Finder at batch 2, × 10' : 'Finder at batch 2, quick: width 16, 2,000 images',
    note: isFull
      ? 'Width 64, 100 steps as in the post and 1,000 steps, 5 seeds: 22,000 images.'
      : 'A sixteenth of the network, 100 and 1,000 steps over 2,000 images, 3 seeds.',
    studies: [
      finders(question, `Finder at batch 2, 100 steps${isFull ? '' : ', quick'}`, arms, seedCount, 100),
      finders(question, `Finder at batch 2, 1,000 steps${isFull ? '' : ', quick'}`, arms, seedCount, 1000),
    ],
  };
}

function p6(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P6', size } as const;
  const isFull = size === 'full';
  const arms = withAndWithoutWs(asInPost({ batchSize: 256, ...(isFull ? {} : QUICK) }));
  return {
    title: isFull
      ? 'Finder at batch 256, × 10'
      : 'Finder at batch 256, quick: width 16, 6,400 images, at most 300 steps',
    note: isFull
      ? 'Width 64, 100 steps as in the post and 1,000 steps, 3 seeds: 1,700,000 images.'
      : 'A sixteenth of the network, 100 and 300 steps over 6,400 images, 2 seeds.',
    studies: [
      finders(
        question,
        `Finder at batch 256, 100 steps${isFull ? '' : ', quick'}`,
        arms,
        isFull ? 3 : 2,
        100,
      ),
      isFull
        ? finders(question, 'Finder at batch 256, 1,000 steps', arms, 3, 1000)
        : finders(question, 'Finder at batch 256, 300 steps, quick', arms, 2, 300),
    ],
  };
}

function p12(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P12', size } as const;
  const isFull = size === 'full';
  // Half an epoch, as a whole epoch of half the images: the schedule ends there.
  const reduction = isFull ? { trainLimit: 25_000 } : QUICK_TINY_BATCH;
  const base = asInPost({ batchSize: 2, epochs: 1, ...reduction });
  const [plain, standardized] = withAndWithoutWs(base);
  const at = (arm: typeof base) => SWEEP_RATES.map((maxLearningRate) => ({ ...arm, maxLearningRate }));
  const seedCount = isFull ? 1 : 2;
  return {
    title: isFull
      ? 'Rate by eye against a sweep'
      : 'Rate by eye against a sweep, quick: width 16, 2,000 images',
    note: isFull
      ? 'Width 64, batch 2, half an epoch at each of five rates, and the finder: 252,000 images for one seed.'
      : 'A sixteenth of the network, 1,000 steps at each of five rates, and the finder, 2 seeds.',
    studies: [
      race(question, `Sweep of rates, BN${isFull ? '' : ', quick'}`, at(plain), seedCount),
      race(question, `Sweep of rates, BN+WS${isFull ? '' : ', quick'}`, at(standardized), seedCount),
      finders(
        question,
        `Finder beside the sweep${isFull ? '' : ', quick'}`,
        [plain, standardized],
        seedCount,
        isFull ? 1000 : 500,
      ),
    ],
  };
}

export const questionsOnRates: readonly Question[] = [
  {
    id: 'P2',
    title: 'At batch 2, which rate can WS stand that BN cannot?',
    claim: 'At batch size 2 BN diverges earlier in the learning-rate finder than BN+WS.',
    evidence:
      'One pair of curves of 200 images: 10 % above its lowest loss BN arrives at 5.2e-3, BN+WS at 1.1e-2; 25 % above, the two agree.',
    measure:
      'Learning rates at 10 % and at 25 % above the lowest smoothed loss and at the stop rule: BN+WS against BN of the same seed, as a ratio.',
    rule: 'Supported when the 95 % interval of the ratio lies above 1 at all three, over both lengths of the ramp; contradicted when it lies below in all.',
    sizes: { full: p2('full'), quick: p2('quick') },
    ghosts: [],
    finderGhosts: notebookFindersBatch2,
  },
  {
    id: 'P6',
    title: 'At batch 256, does WS allow a larger rate?',
    claim: 'At batch size 256 WS allows a larger learning rate.',
    evidence: 'One pair of finder curves: 10 % above its lowest loss BN arrives at 1.07, BN+WS at 1.7.',
    measure:
      'Learning rates at 10 % and at 25 % above the lowest smoothed loss and at the stop rule: BN+WS against BN of the same seed, as a ratio.',
    rule: 'Supported when the 95 % interval of the ratio lies above 1 at all three, over both lengths of the ramp; contradicted when it lies below in all.',
    sizes: { full: p6('full'), quick: p6('quick') },
    ghosts: [],
    finderGhosts: notebookFindersBatch256,
  },
  {
    id: 'P12',
    title: 'Was the learning rate picked by eye right?',
    claim: 'The rate read off the finder at batch size 2, 5e-5, is a good one.',
    evidence: '5e-5 for three epochs gave .671 to .695; 1e-3 for two epochs gave .645 to .677.',
    measure:
      'Validation loss at 5e-5 minus that at the best rate of a sweep; and each suggestion rule against that best rate.',
    rule: 'Supported when the 95 % interval lies below .02 for both arms, contradicted when above for one; a rule is right within a factor of three.',
    sizes: { full: p12('full'), quick: p12('quick') },
    ghosts: [...notebookBatch2, ...notebookBatch2Fast],
  },
];
