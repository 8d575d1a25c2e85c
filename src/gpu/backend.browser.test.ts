import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { testGpu } from '#testing/gpu.ts';
import { useWebGpuBackend, webGpuTensors, type WebGpuTensors } from './backend.ts';
import { words, type Dispatch, type Shader } from './command.ts';
import * as tf from './tf.ts';

/** y = x * factor + offset */
const scaleShader: Shader = {
  label: 'scale',
  bindings: ['read', 'read_write', 'uniform'],
  code: `
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @group(0) @binding(2) var<uniform> amounts: vec4f;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if id.x < arrayLength(&y) { y[id.x] = x[id.x] * amounts.x + amounts.y; }
    }`,
};

let tensors: WebGpuTensors;

beforeAll(async () => {
  const { context, cache } = await testGpu();
  tensors = await useWebGpuBackend(context, cache);
});

/** Our kernel as an operation on tensors. */
function scale(x: tf.TensorInfo, factor: number, offset: number): tf.Tensor {
  const y = tensors.create(x.shape);
  const dispatch: Dispatch = {
    shader: scaleShader,
    bindings: [
      { buffer: tensors.bufferOf(x) },
      { buffer: tensors.bufferOf(y) },
      { uniform: words(['f', factor], ['f', offset]) },
    ],
    workgroups: [1, 1, 1],
  };
  tensors.run([dispatch], [x, y]);
  return tf.engine().makeTensorFromTensorInfo(y);
}

describe('useWebGpuBackend', () => {
  it('computes on our own device, with small operations on the GPU too', async () => {
    const { context } = await testGpu();
    const backend = tf.backend() as WebGPUBackend;
    expect(tf.getBackend()).toBe('webgpu');
    expect(backend).toBeInstanceOf(WebGPUBackend);
    expect(backend.device).toBe(context.device);
    expect(tf.env().getBool('WEBGPU_CPU_FORWARD')).toBe(false);
    expect(webGpuTensors(backend)).toBe(tensors);
    expect(() => webGpuTensors({})).toThrow(/useWebGpuBackend/);
    tensors.check();
  });

  it('notices when tfjs computes elsewhere', async () => {
    await tf.setBackend('cpu');
    expect(() => tensors.check()).toThrow(/'cpu' instead/);
    await tf.setBackend('webgpu');
    tensors.check();
  });
});

describe('WebGpuTensors', () => {
  it('gives buffers of exactly the tensor size, with values that were on the CPU', () => {
    const x = tf.tensor1d([1, 2, 3]);
    expect(tensors.bufferOf(x).size).toBe(12);
    x.dispose();
  });

  it('runs between tfjs operations without overtaking, whatever is pending', async () => {
    const x = tf.tensor1d([1, 2, 3, 4, 5]);
    tensors.bufferOf(x); // uploads it
    const before = tensors.memory();
    // 40 operations: more than two of tfjs's deferred submits, each with uniforms of its own.
    const y = tf.tidy(() => {
      let value: tf.Tensor = x;
      for (let i = 0; i < 20; i++) value = tf.add(scale(value, 2, i), tf.mul(value, -1));
      return value;
    });
    // v -> 2v + i - v = v + i, twenty times.
    expect([...(await tensors.read(y))]).toEqual([191, 192, 193, 194, 195]);
    y.dispose();
    expect(tensors.memory()).toEqual(before);
    x.dispose();
  });

  it('keeps a released buffer out of the pool until the commands that use it were submitted', async () => {
    const x = tf.tensor1d([1, 2, 3, 4]);
    const scratch = tensors.create([4]);
    const y = tensors.create([4]);
    const dispatch = (from: tf.TensorInfo, to: tf.TensorInfo, factor: number): Dispatch => ({
      shader: scaleShader,
      bindings: [
        { buffer: tensors.bufferOf(from) },
        { buffer: tensors.bufferOf(to) },
        { uniform: words(['f', factor], ['f', 0]) },
      ],
      workgroups: [1, 1, 1],
    });
    const scratchBuffer = tensors.bufferOf(scratch);
    tensors.run([dispatch(x, scratch, 10), dispatch(scratch, y, 10)], [x, scratch, y]);
    tensors.release(scratch);
    const early = tensors.create([4]);
    expect(tensors.bufferOf(early)).not.toBe(scratchBuffer);
    const result = tf.engine().makeTensorFromTensorInfo(y);
    expect([...(await tensors.read(result))]).toEqual([100, 200, 300, 400]);
    const late = tensors.create([4]);
    expect(tensors.bufferOf(late)).toBe(scratchBuffer);
    tensors.release(early);
    tensors.release(late);
    tf.dispose([x, result]);
  });

  it('reads a tensor that is disposed before its values arrive', async () => {
    const x = tf.tensor1d([1, 2]);
    const y = tf.add(x, 1);
    const pending = tensors.read(y);
    tf.dispose([x, y]);
    expect([...(await pending)]).toEqual([2, 3]);
  });

  it('leaves no failure behind', async () => {
    const { context } = await testGpu();
    expect(context.failure).toBeUndefined();
  });
});
