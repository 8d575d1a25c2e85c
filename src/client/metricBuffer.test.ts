import { describe, expect, it } from 'vitest';
import type { StepChunk } from '#domain/run.ts';
import { MetricBuffer } from './metricBuffer.ts';

function chunk(firstStep: number, losses: number[]): StepChunk {
  const values = Float32Array.from(losses);
  return {
    firstStep,
    losses: values,
    smoothed: values,
    learningRates: values,
    momenta: values,
    elapsedMs: values,
  };
}

describe('MetricBuffer', () => {
  it('grows past its first capacity and keeps every value', () => {
    const buffer = new MetricBuffer();
    for (let step = 0; step < 5_000; step += 7) buffer.append(chunk(step, [step, 1, 2, 3, 4, 5, 6]));
    expect(buffer.count).toBe(5_005);
    expect(buffer.at('losses', 4_998)).toBe(4_998);
    expect(buffer.series('elapsedMs')).toHaveLength(5_005);
  });

  it('reads NaN for steps that were never reported', () => {
    const buffer = new MetricBuffer();
    buffer.append(chunk(0, [1]));
    buffer.append(chunk(3, [4]));
    expect([...buffer.series('losses')]).toEqual([1, Number.NaN, Number.NaN, 4]);
    expect(buffer.at('losses', 4)).toBeNaN();
    expect(buffer.at('losses', -1)).toBeNaN();
  });

  it('replaces steps that are reported again, and what came after them', () => {
    const buffer = new MetricBuffer();
    buffer.append(chunk(0, [1, 2, 3, 4]));
    buffer.append(chunk(1, [20]));
    expect([...buffer.series('losses')]).toEqual([1, 20]);
    expect(buffer.revision).toBe(1);
  });

  it('says that what was computed from forgotten steps is out of date', () => {
    const buffer = new MetricBuffer();
    buffer.append(chunk(0, [1, 2, 3, 4]));
    buffer.truncate(4);
    expect(buffer.revision).toBe(0);
    buffer.truncate(2);
    buffer.append(chunk(2, [30, 40]));
    expect([...buffer.series('losses')]).toEqual([1, 2, 30, 40]);
    expect(buffer.revision).toBe(1);
  });
});
