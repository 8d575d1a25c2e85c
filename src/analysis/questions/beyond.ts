import type { Experiment } from '#domain/experiment.ts';
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
import { notebookBatch2, notebookBatch64 } from './notebook.ts';

/** What the post says or suggests and never ran. */

/** The post's rate, a fifth and five times of it. */
const CONSTANT_RATES: readonly number[] = [1e-4, 5e-4, 2.5e-3];

function p7(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P7', size } as const;
  const isFull = size === 'full';
  const base = asInPost({ batchSize: 64, ...(isFull ? {} : QUICK) });
  return {
    title: isFull
      ? 'Constant rate against one-cycle'
      : 'Constant rate against one-cycle, quick: width 16, 6,400 images',
    note: isFull
      ? 'Width 64, all images, 3 epochs, both arms under both schedules at three rates: 1,800,000 images for one seed.'
      : 'A sixteenth of the network and an eighth of the images, 2 seeds.',
    studies: CONSTANT_RATES.map((maxLearningRate) =>
      race(
        question,
        `Constant against one-cycle at ${maxLearningRate}${isFull ? '' : ', quick'}`,
        (['constant', 'one-cycle'] as const).flatMap((schedule) =>
          withAndWithoutWs({ ...base, schedule, maxLearningRate }),
        ),
        isFull ? 1 : 2,
      ),
    ),
  };
}

function p8(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P8', size } as const;
  const isFull = size === 'full';
  const arms = (base: Experiment) => [
    ...withAndWithoutWs({ ...base, norm: 'gn' }),
    ...withAndWithoutWs({ ...base, norm: 'bn' }),
  ];
  const tiny = asInPost({ batchSize: 2, maxLearningRate: 5e-5, ...(isFull ? {} : QUICK_TINY_BATCH) });
  const usual = asInPost({ batchSize: 64, maxLearningRate: 5e-4, ...(isFull ? {} : QUICK) });
  const seedCount = isFull ? 1 : 2;
  return {
    title: isFull ? 'The real WS test' : 'The real WS test, quick: width 16, 2,000 or 6,400 images',
    note: isFull
      ? 'Width 64, all images, GN and BN with and without WS at batch 2 and 64, 3 epochs: 1,200,000 images for one seed.'
      : 'A sixteenth of the network, 2,000 images at batch 2 and 6,400 at batch 64, 2 seeds.',
    studies: [
      race(question, `GN and BN at batch 2${isFull ? '' : ', quick'}`, arms(tiny), seedCount),
      race(question, `GN and BN at batch 64${isFull ? '' : ', quick'}`, arms(usual), seedCount),
    ],
  };
}

function p14(size: QuestionRef['size']): QuestionSize {
  const question = { id: 'P14', size } as const;
  const isFull = size === 'full';
  const base = asInPost({
    norm: 'none',
    batchSize: 64,
    maxLearningRate: 5e-4,
    epochs: 1,
    ...(isFull ? {} : QUICK),
  });
  const title = isFull ? 'No normalization at all' : 'No normalization at all, quick: width 16, 6,400 images';
  return {
    title,
    note: isFull
      ? 'Width 64, all images, one epoch, 3 seeds: 450,000 images. WS without a normalization is outside of its authors’ advice; Scaled WS (arXiv:2101.08692) is made for that.'
      : 'A sixteenth of the network and an eighth of the images, one epoch, 3 seeds.',
    studies: [race(question, title, [...withAndWithoutWs(base), { ...base, ws: true, wsGain: 'scaled' }], 3)],
  };
}

export const questionsBeyond: readonly Question[] = [
  {
    id: 'P7',
    title: 'With a constant rate, does WS help more?',
    claim: 'With a constant learning rate WS should help, and one-cycle hides it.',
    evidence: 'Never run: every training run of the notebook used one-cycle.',
    measure:
      'What WS does to the validation loss under the constant rate, minus what it does under one-cycle, seed by seed.',
    rule: 'Supported when the 95 % interval lies below 0 at all three rates, contradicted when it lies above at all.',
    sizes: { full: p7('full'), quick: p7('quick') },
    ghosts: notebookBatch64,
  },
  {
    id: 'P8',
    title: 'Does WS make GN as good as BN?',
    claim: 'GN is for tiny batches and weaker than BN at large ones; WS closes that gap.',
    evidence: 'Cited from papers and never run.',
    measure:
      'Validation loss after the last epoch: GN minus BN at batch 2 and at batch 64, and GN+WS minus BN at batch 64.',
    rule: 'Supported when GN’s interval lies below 0 at batch 2 and above 0 at batch 64, and that of GN+WS below .02; contradicted when one of them lies on the other side.',
    sizes: { full: p8('full'), quick: p8('quick') },
    ghosts: [...notebookBatch2, ...notebookBatch64],
  },
  {
    id: 'P14',
    title: 'Does it train without any normalization?',
    claim: 'This ResNet-18 trains at batch 64 without any normalization.',
    evidence: 'Open: the notebook has no such run.',
    measure:
      'Whether the run diverges, and its validation loss after one epoch: plain, with WS and with Scaled WS.',
    rule: 'Supported when no seed diverges and the 95 % interval lies below ln 10, the loss of guessing.',
    sizes: { full: p14('full'), quick: p14('quick') },
    ghosts: [],
  },
];
