import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { notebookOverhead, notebookText, notebookTwin } from './notebookRuns.ts';
import { questionById } from './questions.ts';

const full = (id: string) => ({ id, size: 'full' }) as const;
const like = (settings: object) => ({ ...defaultExperiment(), ...settings });

describe('notebookTwin', () => {
  it('is the run of the same arm at the same rate', () => {
    for (const ghost of questionById('P1')!.ghosts) {
      expect(notebookTwin(like(ghost.settings), full('P1'))).toEqual({ ghost, measure: 'loss' });
      expect(notebookTwin(like(ghost.settings), undefined)).toBeUndefined();
    }
  });

  it('is none at another rate, and none of another arm', () => {
    const { settings } = questionById('P1')!.ghosts[0]!;
    expect(notebookTwin(like({ ...settings, maxLearningRate: 1e-3 }), full('P1'))).toBeUndefined();
    expect(notebookTwin(like({ ...settings, norm: 'gn' }), full('P1'))).toBeUndefined();
    expect(notebookTwin(like(settings), full('P99'))).toBeUndefined();
  });

  it('is none under another schedule', () => {
    const { settings } = questionById('P7')!.ghosts[0]!;
    expect(notebookTwin(like(settings), full('P7'))).toBeDefined();
    expect(notebookTwin(like({ ...settings, schedule: 'constant' }), full('P7'))).toBeUndefined();
  });

  it('compares times whatever the rate, since P5 trains at none that learns', () => {
    const arm = questionById('P5')!.sizes.full.studies[0]!.arms.find(({ norm }) => norm === 'bn');
    expect(notebookTwin(arm!, full('P5'))).toMatchObject({ measure: 'time', ghost: { total: '55:13' } });
  });
});

describe('notebookOverhead', () => {
  it('is what the question says of the notebook: 14 % at batch 64, 73 to 75 % at batch 2', () => {
    const { ghosts } = questionById('P5')!;
    const at = (batchSize: number) =>
      notebookOverhead(
        ghosts.find(({ settings }) => settings.batchSize === batchSize)!,
        ghosts,
      )!;
    expect(at(64)).toBeCloseTo(1.14, 2);
    expect(at(2)).toBeGreaterThan(1.73);
    expect(at(2)).toBeLessThan(1.76);
    expect(notebookOverhead(ghosts[0]!, ghosts.slice(0, 1))).toBeUndefined();
  });
});

describe('notebookText', () => {
  const text = (id: string) => notebookText(questionById(id)!);

  it('says what the question is about: losses, times or rates', () => {
    expect(text('P1')).toBe(
      'notebook BN, batch 64, LR 5e-4: valid 0.508; notebook BN+WS, batch 64, LR 5e-4: valid 0.505',
    );
    expect(text('P5')).toBe('batch 64: +14 %, batch 2: +75 %, batch 256: +3 %');
    expect(text('P6')).toBe(
      'notebook finder BN, batch 256: lowest 2.067 at 0.013, +10 % at 1.07; notebook finder BN+WS, batch 256: lowest 2.081 at 0.034, +10 % at 1.7',
    );
    expect(text('P14')).toBe('');
  });
});
