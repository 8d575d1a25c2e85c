import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finderRun, trainingRun } from './exportedRun.fixtures.ts';
import { decodeRuns, encodeRuns, MAX_FILE_LENGTH, RunsFileError } from './runsJson.ts';

const NOW = 1_700_000_000_000;

/** The text of a file with changes to its JSON. */
function changed(
  change: (file: Record<string, unknown> & { runs: Record<string, never>[] }) => void,
): string {
  const file = JSON.parse(encodeRuns([trainingRun()], NOW)) as Parameters<typeof change>[0];
  change(file);
  return JSON.stringify(file);
}

const refusal = (text: string): string => {
  try {
    decodeRuns(text);
    return '';
  } catch (error) {
    if (!(error instanceof RunsFileError)) throw error;
    return error.message;
  }
};

describe('encodeRuns and decodeRuns', () => {
  it('return runs as they were, numbers that JSON lacks included', () => {
    const runs = [trainingRun({ name: '<b>Ünï</b>' }), finderRun()];
    expect(decodeRuns(encodeRuns(runs, NOW))).toEqual(runs);
    expect(decodeRuns(encodeRuns([], NOW))).toEqual([]);
  });

  it('keep every bit of every number', () => {
    const numbers = fc.float32Array({ minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(numbers, (losses) => {
        const { run } = trainingRun();
        const steps = {
          firstStep: 0,
          losses,
          smoothed: losses,
          learningRates: losses,
          momenta: losses,
          elapsedMs: losses,
        };
        const exported = { run: { ...run, stepCount: losses.length }, steps };
        const read = decodeRuns(encodeRuns([exported], NOW))[0]!.steps.losses;
        expect(Array.from(read, (value) => (Object.is(value, -0) ? 0 : value))).toEqual(
          Array.from(losses, (value) => (Object.is(value, -0) ? 0 : value)),
        );
      }),
    );
  });

  it('read a run that was going as interrupted, and leave checkpoints out', () => {
    const { run, steps } = trainingRun({ run: { status: 'running', checkpointStep: 2 } });
    const [read] = decodeRuns(encodeRuns([{ run: { ...run, isElsewhere: true }, steps }], NOW));
    expect(read!.run).toEqual({ ...run, status: 'interrupted', checkpointStep: undefined });
  });

  it('say what they are', () => {
    expect(JSON.parse(encodeRuns([], NOW))).toMatchObject({
      format: 'normlab-runs',
      formatVersion: 1,
      exportedAt: NOW,
    });
  });

  it('tell that a rule has ended a run where a file of before only says so', () => {
    const { run, steps } = trainingRun({ run: { status: 'stopped', detail: 'Reached 4 images at step 4.' } });
    expect(decodeRuns(encodeRuns([{ run, steps }], NOW))[0]!.run.endedBy).toBe('rule');
    expect(decodeRuns(encodeRuns([trainingRun()], NOW))[0]!.run).not.toHaveProperty('endedBy');
  });

  it('are read by earlier versions too, unless a fork is among them', () => {
    const { run, steps } = trainingRun();
    const forkOf = { runId: 'o', step: 2, number: 1 };
    const fork = { run: { ...run, header: { ...run.header, forkOf } }, steps: { ...steps, firstStep: 2 } };
    expect(JSON.parse(encodeRuns([trainingRun(), fork], NOW))).toMatchObject({ formatVersion: 2 });
    expect(decodeRuns(encodeRuns([fork], NOW))).toEqual([fork]);
  });
});

describe('decodeRuns', () => {
  it('refuses foreign, cut and newer files', () => {
    expect(refusal('')).toContain('not JSON');
    expect(refusal(encodeRuns([trainingRun()], NOW).slice(0, -20))).toContain('cut');
    for (const text of ['null', '[]', '1', '{}', '{"format":"other","formatVersion":1}']) {
      expect(refusal(text)).toContain('holds no runs of NormLab');
    }
    expect(refusal(changed((file) => (file['formatVersion'] = 3)))).toContain('format version 3');
  });

  it('names the field that is wrong', () => {
    const change = (path: string, value: unknown): string =>
      changed((file) => {
        let at = file as unknown as Record<string, unknown>;
        const keys = path.split('.');
        for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
        at[keys.at(-1)!] = value;
      });
    expect(refusal(change('runs.0.run.header.experiment.batchSize', -1))).toContain(
      'runs[0].run.header.experiment: Batch size must be a whole number',
    );
    expect(refusal(change('runs.0.run.header.runId', '../../x'))).toContain('runs[0].run.header.runId');
    expect(refusal(change('runs.0.run.header.startedAt', Number.MAX_VALUE))).toContain('startedAt');
    expect(refusal(change('runs.0.steps.losses', [1, 'x', 2, 3]))).toContain('runs[0].steps.losses');
    expect(refusal(change('runs.0.steps.losses', [1]))).toContain('differ in length');
    expect(refusal(change('runs.0.steps.firstStep', 1))).toContain('must start with step 0');
    expect(refusal(change('runs.0.run.stepCount', 5))).toContain('stepCount');
    expect(refusal(change('runs.0.unknown', 1))).toContain('unknown');
    expect(refusal(change('unknown', 1))).toContain('unknown');
  });

  it('leaves prototypes alone', () => {
    const text = encodeRuns([trainingRun()], NOW).replace(
      '"notes":{',
      '"notes":{"__proto__":{"polluted":1},',
    );
    expect(refusal(text)).toContain('__proto__');
    expect('polluted' in {}).toBe(false);
  });

  it('refuses a text that is too long before it reads it', () => {
    const text = { length: MAX_FILE_LENGTH + 1 } as string;
    expect(refusal(text)).toContain('larger than 400 MB');
    // Nor is such a file written.
    const runs = [trainingRun(), trainingRun()];
    const { length } = encodeRuns(runs, NOW);
    expect(encodeRuns(runs, NOW, length)).toHaveLength(length);
    expect(() => encodeRuns(runs, NOW, length / 2)).toThrow(RunsFileError);
  });
});
