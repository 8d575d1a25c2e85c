import { expect, test } from 'vitest';
import { GpuUnavailableError } from '#gpu/errors.ts';
import { startDevice } from './deviceStart.ts';
import { UnsupportedError } from './trainingDevice.ts';
import type { TrainingDevice } from './trainingDevice.ts';
import { adapterTitle } from './webGpuDevice.ts';

function device(backend: 'webgpu' | 'webgl', reason?: string): TrainingDevice {
  return {
    info: {
      backend,
      title: 'Test',
      vendor: '',
      architecture: '',
      isFallback: false,
      features: [],
      maxBufferBytes: 1,
      ...(reason === undefined ? {} : { reason }),
    },
    createEngine: () => Promise.reject(new Error('not in this test')),
    onFailure: () => undefined,
  };
}

const noWebGpu = (code: GpuUnavailableError['code']) => () =>
  Promise.reject(new GpuUnavailableError(code, 'This browser has no WebGPU.'));
const noWebGl = () => Promise.reject(new Error('WebGL is off.'));

test('takes WebGPU where it is there, and does not touch WebGL', async () => {
  const started = await startDevice({ webGpu: async () => device('webgpu'), webGl: noWebGl });
  expect(started.info.backend).toBe('webgpu');
});

test.each(['no-webgpu', 'no-adapter', 'device-refused'] as const)(
  'takes WebGL and says why, where WebGPU is unavailable (%s)',
  async (code) => {
    const started = await startDevice({
      webGpu: noWebGpu(code),
      webGl: async (reason) => device('webgl', reason),
    });
    expect(started.info).toMatchObject({ backend: 'webgl', reason: 'This browser has no WebGPU.' });
  },
);

test.each([
  ['no-webgpu', 'no-webgpu-no-webgl'],
  ['no-adapter', 'no-adapter'],
  ['device-refused', 'device-refused'],
] as const)('explains when there is neither (%s)', async (code, expected) => {
  const error = await startDevice({ webGpu: noWebGpu(code), webGl: noWebGl }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UnsupportedError);
  expect(error).toMatchObject({
    code: expected,
    message: 'Nothing can train here. This browser has no WebGPU. WebGL is off.',
  });
});

test('a defect of ours is no reason to train on something slower', async () => {
  const webGpu = () => Promise.reject(new TypeError('x is not a function'));
  await expect(startDevice({ webGpu, webGl: async (reason) => device('webgl', reason) })).rejects.toThrow(
    TypeError,
  );
});

test('names the adapter as fully as the browser tells', () => {
  const nothing = { vendor: '', architecture: '', device: '', description: '', isFallback: false };
  expect(adapterTitle({ ...nothing, vendor: 'nvidia', architecture: 'ada', description: 'RTX 4070' })).toBe(
    'RTX 4070',
  );
  expect(adapterTitle({ ...nothing, vendor: 'apple', architecture: 'metal-3' })).toBe('apple metal-3');
  expect(adapterTitle({ ...nothing, isFallback: true })).toBe('Software adapter');
  expect(adapterTitle(nothing)).toBe('Graphics adapter');
});
