import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleSteps } from '#testing/keptRuns.ts';
import type { StepChunk } from '#domain/run.ts';
import { readSteps, recordCount, stepRecords, stepsByteLength, stepsHeader } from './stepRecords.ts';

function file(chunk: StepChunk): Uint8Array {
  return Uint8Array.from([...stepsHeader(chunk.firstStep), ...stepRecords(chunk)]);
}

function first(chunk: StepChunk, count: number): StepChunk {
  const { firstStep, losses, smoothed, learningRates, momenta, elapsedMs, wallMs } = chunk;
  return {
    firstStep,
    losses: losses.slice(0, count),
    smoothed: smoothed.slice(0, count),
    learningRates: learningRates.slice(0, count),
    momenta: momenta.slice(0, count),
    elapsedMs: elapsedMs.slice(0, count),
    wallMs: wallMs!.slice(0, count),
  };
}

const float32 = fc.float32Array({ minLength: 1, maxLength: 20 });

test('keeps every number, NaN and the infinities included', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), float32, (firstStep, losses) => {
      const chunk = { ...sampleSteps(firstStep, losses.length), losses };
      expect(readSteps(file(chunk))).toEqual(chunk);
      expect(recordCount(file(chunk).length)).toBe(losses.length);
      expect(file(chunk)).toHaveLength(stepsByteLength(losses.length));
    }),
  );
});

test('records follow from any index of a chunk', () => {
  const chunk = sampleSteps(5, 10);
  expect(stepRecords(chunk, 4)).toEqual(stepRecords(chunk).slice(4 * 28));
});

test('a file that was cut or changed anywhere gives the steps before that', () => {
  const chunk = sampleSteps(3, 9, Number.NaN);
  const bytes = file(chunk);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const expected = at < 16 ? undefined : first(chunk, Math.floor((at - 16) / 28));
      expect(readSteps(bytes.subarray(0, at))).toEqual(expected);
      const changed = bytes.slice();
      changed[at]! ^= 1 << bit;
      expect(readSteps(changed)).toEqual(expected);
    }),
  );
});

test('zeros behind the last step are no steps', () => {
  const chunk = sampleSteps(0, 2);
  expect(readSteps(Uint8Array.from([...file(chunk), ...new Uint8Array(112)]))).toEqual(chunk);
});
