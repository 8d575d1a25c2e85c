import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import type { LabEvent } from '#lab/messages.ts';
import { jsonReporter, summaryTable, TextReporter } from './reporter.ts';

function output(isTTY = false) {
  const written: string[] = [];
  return { isTTY, columns: 80, write: (text: string) => written.push(text), text: () => written.join('') };
}

const experiment = { ...defaultExperiment(), norm: 'gn', ws: true, width: 8 } as const;
const plan = {
  experiment,
  totalSteps: 40,
  stepsPerEpoch: 40,
  trainCount: 640,
  validCount: 10,
  initialWeightsHash: '00000000',
  orderHash: '00000000',
};

function steps(firstStep: number, losses: readonly number[]): LabEvent {
  const values = losses.map(() => 0.001);
  return {
    type: 'steps',
    runId: 'a',
    firstStep,
    losses,
    smoothed: losses,
    learningRates: values,
    momenta: values,
    elapsedMs: values,
  };
}

const row = { epoch: 0, step: 40, trainLoss: 2.1, validLoss: 1.93, accuracy: 0.25, milliseconds: 62_000 };

describe('output for people', () => {
  it('is the epoch table of fastai on stdout, and progress on stderr', () => {
    const [stdout, stderr] = [output(), output()];
    const reporter = new TextReporter(stdout, stderr, () => 0);
    reporter.event({ type: 'run', folder: '', command: 'train', experiment });
    reporter.event({ type: 'run-plan', runId: 'a', plan });
    reporter.event(steps(0, [2.3, 2.2]));
    reporter.event({ type: 'epoch', runId: 'a', row });
    reporter.event({ type: 'epoch', runId: 'a', row: { ...row, epoch: 1, trainLoss: Number.NaN } });
    expect(stdout.text()).toBe(
      [
        'epoch       train_loss  valid_loss  accuracy    time',
        '0           2.100000    1.930000    0.250000    1:02',
        '1           NaN         1.930000    0.250000    1:02',
        '',
      ].join('\n'),
    );
    expect(stderr.text()).toContain('GN+WS, width 8, batch size 64, one-cycle to 5e-4, seed 0\n');
    expect(stderr.text()).toContain('step 2 of 40, loss 2.200, lr 1e-3');
    expect(stderr.text()).not.toContain('\r');
  });

  it('draws a bar on a terminal, with the time that is left, and clears it for the table', () => {
    let now = 0;
    const stderr = output(true);
    const reporter = new TextReporter(output(), stderr, () => now);
    reporter.event({ type: 'run', folder: '', command: 'train', experiment });
    reporter.event({ type: 'run-plan', runId: 'a', plan });
    reporter.event(
      steps(
        0,
        Array.from({ length: 10 }, () => 2),
      ),
    );
    now = 30_000;
    reporter.event(
      steps(
        10,
        Array.from({ length: 10 }, () => 2),
      ),
    );
    expect(stderr.text()).toContain(
      `[${'█'.repeat(12)}${'·'.repeat(12)}] step 20 of 40, loss 2.000, lr 1e-3, 1:00 left`,
    );
    reporter.event({ type: 'epoch', runId: 'a', row });
    expect(stderr.text()).toMatch(/\r {20,}\r$/);
  });

  it('lists the suggestions of a finder and says how it ended', () => {
    const stdout = output();
    new TextReporter(stdout, output()).event({
      type: 'end',
      status: 'finished',
      detail: undefined,
      stepCount: 80,
      divergence: undefined,
      result: {
        stoppedAt: 79,
        reason: 'loss-exploded',
        suggestions: [
          { rule: 'valley', learningRate: 3.2e-3, index: 40 },
          { rule: 'v1', learningRate: undefined, index: undefined, note: 'too few points' },
        ],
        disagree: false,
      },
    });
    expect(stdout.text()).toBe(
      'ended: the loss exploded\nvalley    3.2e-3\nv1        none (too few points)\n',
    );
  });

  it('says where and why a run diverged or failed', () => {
    const stdout = output();
    const reporter = new TextReporter(stdout, output());
    reporter.event({
      type: 'diverged',
      runId: 'a',
      divergence: { step: 12, loss: Number.NaN, learningRate: 0.5, reason: 'not-finite' },
    });
    reporter.event({
      type: 'end',
      status: 'failed',
      detail: 'No room on the GPU.',
      stepCount: 3,
      divergence: undefined,
      result: undefined,
    });
    expect(stdout.text()).toBe(
      'diverged at step 12: loss NaN at learning rate 0.5\nfailed after 3 steps: No room on the GPU.\n',
    );
  });
});

describe('output for programs', () => {
  it('is one line of JSON per event, with what JSON cannot say as text', () => {
    const [stdout, stderr] = [output(), output()];
    const reporter = jsonReporter(stdout, stderr);
    reporter.event(steps(3, [1.5, Number.NaN, Infinity]));
    reporter.log('building …');
    const [line = '', rest] = stdout.text().split('\n');
    expect(rest).toBe('');
    expect(JSON.parse(line)).toMatchObject({ type: 'steps', firstStep: 3, losses: [1.5, 'NaN', 'Infinity'] });
    expect(stderr.text()).toBe('building …\n');
  });
});

describe('the summary of a sweep', () => {
  it('lines up the last epochs', () => {
    const rows = [
      { folder: 'bn', status: 'finished', steps: 1172, epoch: row, result: undefined },
      { folder: 'gn+ws', status: 'diverged', steps: 7, epoch: undefined, result: undefined },
    ];
    expect(summaryTable(rows)).toBe(
      [
        'run    status    steps  train_loss  valid_loss  accuracy',
        'bn     finished  1,172  2.100000    1.930000    0.250000',
        'gn+ws  diverged  7      –           –           –',
      ].join('\n'),
    );
  });
});
