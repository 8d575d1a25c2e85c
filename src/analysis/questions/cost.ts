import { NORMS } from '#domain/experiment.ts';
import type { QuestionRef } from '#domain/study.ts';
import {
  asInPost,
  seeds,
  withAndWithoutWs,
  type Question,
  type QuestionSize,
  type StudyPlan,
} from '../question.ts';
import { notebookBatch2, notebookBatch256, notebookBatch64 } from './notebook.ts';

/** Steps arrive as often as work is submitted, about 50 ms: fewer small steps arrive at once and tell no time. */
const QUICK_STEPS = 200;
/** Images of a quick epoch at most, so that small sets have as many steps. */
const QUICK_IMAGES = 6400;
/** So small that no arm diverges by learning: only the time of its steps counts. */
const TIMING_RATE = 1e-6;

function p5(size: QuestionRef['size']): QuestionSize {
  const isFull = size === 'full';
  const steps = isFull ? 50 : QUICK_STEPS;
  const studies = [2, 64, 256].map((batchSize): StudyPlan => {
    const images = steps * batchSize;
    const epochs = isFull ? 1 : Math.ceil(images / QUICK_IMAGES);
    const base = asInPost({
      batchSize,
      epochs,
      schedule: 'constant',
      maxLearningRate: TIMING_RATE,
      trainLimit: images / epochs,
      validLimit: 1,
      ...(isFull ? {} : { width: 16 }),
    });
    return {
      title: `Time per step, batch ${batchSize}${isFull ? '' : ', quick'}`,
      kind: 'train',
      // One after another: what a step takes should not depend on a neighbour's.
      mode: 'queue',
      arms: NORMS.flatMap((norm) => withAndWithoutWs({ ...base, norm })),
      seeds: seeds(1),
      finder: undefined,
      question: { id: 'P5', size },
    };
  });
  return {
    title: isFull
      ? 'Overhead: 50 steps of everything'
      : `Overhead, quick: width 16, ${QUICK_STEPS} steps of everything`,
    note: isFull
      ? 'Width 64, six arms at three batch sizes, 50 steps each: times alone, nothing is learned.'
      : 'A sixteenth of the network, 200 steps each. The share of WS shrinks with width: the full size may differ.',
    studies,
  };
}

export const questionsOnCost: readonly Question[] = [
  {
    id: 'P5',
    title: 'What does WS cost in time?',
    claim: 'WS costs a lot of time.',
    evidence:
      'Epochs took 14 % longer at batch 64, 73 to 75 % at batch 2 and 3 % at batch 256, on one GPU of 2019.',
    measure: 'Time per training step against the same network without WS, on one device.',
    rule: 'Supported when the 95 % interval of the overhead on BN lies above 10 % at every batch size, contradicted when it lies below at every one.',
    sizes: { full: p5('full'), quick: p5('quick') },
    ghosts: [...notebookBatch64, ...notebookBatch2, ...notebookBatch256],
  },
];
