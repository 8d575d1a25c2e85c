import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { parseSweep } from './sweep.ts';
import { UsageError } from './usageError.ts';

function sweep(content: unknown, base = {}) {
  return parseSweep(JSON.stringify(content), base, 'arms.json');
}

describe('the file of a sweep', () => {
  it('is a list of arms, which fill up from the command line and the defaults', () => {
    const { command, arms } = sweep(
      [
        { norm: 'gn', ws: true },
        { name: 'small', norm: 'bn', batchSize: 2 },
      ],
      {
        width: 8,
        batchSize: 16,
      },
    );
    expect(command).toBe('train');
    expect(arms).toEqual([
      {
        folder: 'gn+ws',
        experiment: { ...defaultExperiment(), norm: 'gn', ws: true, width: 8, batchSize: 16 },
      },
      { folder: 'small', experiment: { ...defaultExperiment(), norm: 'bn', width: 8, batchSize: 2 } },
    ]);
  });

  it('may have seeds, for every arm, and be of finders', () => {
    const { command, arms } = sweep({ command: 'lr-find', seeds: [0, 3], arms: [{}, { norm: 'none' }] });
    expect(command).toBe('lr-find');
    expect(arms.map(({ folder, experiment }) => [folder, experiment.seed])).toEqual([
      ['bn-seed0', 0],
      ['bn-seed3', 3],
      ['none-seed0', 0],
      ['none-seed3', 3],
    ]);
  });

  it('names folders after what an arm sets', () => {
    const { arms } = sweep([
      { batchSize: 2 },
      { batchSize: 4, maxLearningRate: 1e-3 },
      { norm: 'none', ws: true, wsGain: 'scaled', gradientClip: 1 },
    ]);
    expect(arms.map(({ folder }) => folder)).toEqual([
      'bn-batchSize2',
      'bn-batchSize4-maxLearningRate0.001',
      'none+scaled-ws-gradientClip1',
    ]);
  });

  it.each([
    ['nonsense', /^arms\.json is no JSON: /],
    ['3', 'arms.json must be an object'],
    ['[]', 'arms.json: arms must be a list of at least one'],
    ['{"runs": []}', 'arms.json: “runs” is not understood; a sweep has arms, seeds and command'],
    ['{"command": "race", "arms": [{}]}', 'arms.json: command must be train or lr-find'],
    ['{"seeds": "all", "arms": [{}]}', 'arms.json: seeds must be a list of numbers'],
    [
      '{"seeds": [1], "arms": [{"seed": 2}]}',
      'arms.json: arm 1: seed cannot stand beside the seeds of the sweep',
    ],
    ['[{}, 7]', 'arms.json: arm 2 must be an object'],
    ['[{}, {"norm": "in"}]', 'arms.json: arm 2: Normalization must be none, bn or gn.'],
    ['[{"max-lr": 1}]', 'arms.json: arm 1: “max-lr” is not a setting.'],
    ['[{"name": "../up"}]', 'arms.json: arm 1: name must be made of letters, digits, _, + and -'],
    ['[{"name": "a"}, {"name": "A"}]', 'arms.json: two runs are called A; give their arms a name each'],
  ])('is refused as %s', (json, sentence) => {
    expect(() => parseSweep(json, {}, 'arms.json')).toThrow(UsageError);
    expect(() => parseSweep(json, {}, 'arms.json')).toThrow(sentence);
  });
});
