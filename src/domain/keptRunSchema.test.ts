import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { sampleRun, sampleSteps } from '#testing/keptRuns.ts';
import { toJsonValue } from './jsonValue.ts';
import { keptRunSchema, runHeaderSchema, runIdSchema, runNotesSchema } from './keptRunSchema.ts';
import { float32Schema, layerHistorySchema, stepChunkSchema } from './runSchema.ts';

const run = sampleRun();
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(toJsonValue(value)));

test('a run passes, as a message and through JSON, and is the same after it', () => {
  expect(v.parse(keptRunSchema, structuredClone(run))).toStrictEqual(run);
  expect(v.parse(keptRunSchema, throughJson(run))).toStrictEqual(run);
});

test('steps pass through JSON bit for bit', () => {
  const chunk = sampleSteps(7, 50, Number.NaN);
  chunk.losses.set([0.1, 1 / 3, 16_777_217, 1e-45, 3.402_823_466e38, Number.NEGATIVE_INFINITY]);
  expect(v.parse(stepChunkSchema, throughJson(chunk))).toStrictEqual(chunk);
});

const { header, notes } = run;

describe('refuses', () => {
  test.each([
    ['an unknown key', { ...run, colour: 'red' }],
    ['an unknown key deep inside', { ...run, header: { ...header, device: { ...header.device, id: 1 } } }],
    [
      'a setting out of range',
      { ...run, header: { ...header, experiment: { ...header.experiment, batchSize: -1 } } },
    ],
    [
      'an unknown normalization',
      { ...run, header: { ...header, experiment: { ...header.experiment, norm: 'layer' } } },
    ],
    ['a missing header', { ...run, header: undefined }],
    ['a finder without a ramp', { ...run, header: { ...header, kind: 'finder' } }],
    ['a ramp of a training run', { ...run, header: { ...header, finder: { start: 1, end: 2, steps: 9 } } }],
    ['an unknown status', { ...run, status: 'done' }],
    ['a step that is no whole number', { ...run, stepCount: 1.5 }],
    ['more steps than there can be', { ...run, stepCount: 1e12 }],
    ['an infinite time', { ...run, header: { ...header, startedAt: Number.POSITIVE_INFINITY } }],
    ['a hash that is none', { ...run, header: { ...header, dataset: { title: 'x', hash: '../..' } } }],
    ['layers of another size', { ...run, layers: { ...run.layers, steps: [1] } }],
    ['text in place of a number', { ...run, epochs: [{ ...run.epochs[0], trainLoss: 'high' }] }],
  ])('%s', (_, value) => {
    expect(v.is(keptRunSchema, value)).toBe(false);
  });

  test('keys that would reach the prototype', () => {
    const parsed: unknown = JSON.parse('{"name":"","tags":[],"note":"","__proto__":{"polluted":true}}');
    expect(v.is(runNotesSchema, parsed)).toBe(false);
    expect({}).not.toHaveProperty('polluted');
  });

  test.each(['', '../x', 'a/b', 'a b', '.', 'x'.repeat(101)])('the run id %j', (id) => {
    expect(v.is(runIdSchema, id)).toBe(false);
  });

  test('lists with anything but numbers', () => {
    expect(v.is(float32Schema, [1, '2'])).toBe(false);
    expect(v.is(float32Schema, [1, null])).toBe(false);
    expect(v.is(float32Schema, new Float64Array(2))).toBe(false);
    expect(v.is(stepChunkSchema, { ...sampleSteps(0, 2), losses: [1] })).toBe(false);
    expect(v.is(layerHistorySchema, {})).toBe(false);
  });

  test('notes that are too long', () => {
    expect(v.is(runNotesSchema, { ...notes, name: 'x'.repeat(201) })).toBe(false);
    expect(v.is(runNotesSchema, { ...notes, tags: Array.from({ length: 51 }, () => 'x') })).toBe(false);
  });
});

test('says which field is wrong', () => {
  const { issues } = v.safeParse(runHeaderSchema, { ...header, number: 0 });
  expect(issues?.map((issue) => v.getDotPath(issue))).toEqual(['number']);
});
