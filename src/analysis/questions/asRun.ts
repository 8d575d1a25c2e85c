import type { QuestionRef } from '#domain/study.ts';
import {
  asInPost,
  QUICK,
  QUICK_TINY_BATCH,
  race,
  withAndWithoutWs,
  type Question,
  type QuestionSize,
} from '../question.ts';
import { notebookBatch2, notebookBatch256, notebookBatch2Fast, notebookBatch64 } from './notebook.ts';

/** The post's own comparisons, with the same start and the same batches for both arms. */

function p1(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P1', size } as const;
  const base = asInPost({ batchSize: 64, maxLearningRate: 5e-4 });
  return size === 'full'
    ? {
        title: 'Batch 64 as run',
        note: 'Width 64, all images, 3 epochs, 3 seeds: 900,000 images of CIFAR-10.',
        studies: [race(question, 'Batch 64 as run', withAndWithoutWs(base), 3)],
      }
    : {
        title: 'Batch 64, quick: width 16, 6,400 images',
        note: 'A sixteenth of the network and an eighth of the images: its answer is its own, not that of the full size.',
        studies: [race(question, 'Batch 64, quick', withAndWithoutWs({ ...base, ...QUICK }), 3)],
      };
}

function p3(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P3', size } as const;
  const isFull = size === 'full';
  const base = asInPost({ batchSize: 2, ...(isFull ? {} : QUICK_TINY_BATCH) });
  const slow = withAndWithoutWs({ ...base, maxLearningRate: 5e-5, epochs: 3 });
  const fast = withAndWithoutWs({ ...base, maxLearningRate: 1e-3, epochs: 2 });
  const seedCount = isFull ? 1 : 2;
  return {
    title: isFull ? 'Batch 2 as run' : 'Batch 2, quick: width 16, 2,000 images',
    note: isFull
      ? 'Width 64, all images, 3 epochs at 5e-5 and 2 at 1e-3: 250,000 steps for one seed. A verdict takes more: the ledger asks for two more seeds.'
      : 'A sixteenth of the network and 1,000 steps an epoch, 2 seeds.',
    studies: [
      race(question, `Batch 2 at 5e-5${isFull ? '' : ', quick'}`, slow, seedCount),
      race(question, `Batch 2 at 1e-3${isFull ? '' : ', quick'}`, fast, seedCount),
    ],
  };
}

function p4(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P4', size } as const;
  const isFull = size === 'full';
  const base = asInPost({ batchSize: 256, epochs: 10, ...(isFull ? {} : QUICK) });
  const arms = [1e-2, 5e-2].flatMap((maxLearningRate) => withAndWithoutWs({ ...base, maxLearningRate }));
  const title = isFull ? 'Batch 256, fair' : 'Batch 256, quick: width 16, 6,400 images';
  return {
    title,
    note: isFull
      ? 'Width 64, all images, both rates for both arms, 10 complete epochs: 2,000,000 images for one seed.'
      : 'A sixteenth of the network and an eighth of the images, both rates for both arms, 10 epochs, 2 seeds.',
    studies: [race(question, title, arms, isFull ? 1 : 2)],
  };
}

export const questionsAsRun: readonly Question[] = [
  {
    id: 'P1',
    title: 'At batch 64, does WS change anything?',
    claim: 'At batch size 64 there is no real difference between BN and BN+WS.',
    evidence: 'One pair of runs: validation loss .5082 and .5045, where the evaluation alone is ± .01.',
    measure: 'Validation loss after the last epoch, BN+WS minus BN of the same seed.',
    rule: 'Supported when the 95 % interval lies within ± .02, contradicted when it lies outside.',
    sizes: { full: p1('full'), quick: p1('quick') },
    ghosts: notebookBatch64,
  },
  {
    id: 'P3',
    title: 'At batch 2, do the losses differ?',
    claim: 'At batch size 2 the losses of BN and BN+WS hardly differ.',
    evidence: 'Two pairs of runs: BN+WS lower by .025 at 5e-5 and by .033 at 1e-3, which the post discounts.',
    measure: 'Validation loss after the last epoch, BN+WS minus BN of the same seed, at each rate.',
    rule: 'Supported when the 95 % interval lies within ± .02 at both rates, contradicted when it lies outside at one.',
    sizes: { full: p3('full'), quick: p3('quick') },
    ghosts: [...notebookBatch2, ...notebookBatch2Fast],
  },
  {
    id: 'P4',
    title: 'At batch 256, is WS worse?',
    claim: 'With large batches WS is worse.',
    evidence:
      'Confounded: BN+WS ran at five times the rate and was stopped after 6 of 10 epochs. At the same epoch it had .5806 against .5633, after which BN rose to .6636.',
    measure:
      'Validation loss, BN+WS minus BN of the same seed, at the last and at the best epoch: at equal rates and at each arm’s better one.',
    rule: 'Supported when the 95 % interval lies above 0 in all of these, contradicted when it lies below in all.',
    sizes: { full: p4('full'), quick: p4('quick') },
    ghosts: notebookBatch256,
  },
];
