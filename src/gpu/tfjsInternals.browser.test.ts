import { describe, expect, it } from 'vitest';
import { DeviceLostError } from './errors.ts';
import { useWebGlBackend } from './stockBackend.ts';
import * as tf from './tf.ts';
import { webGlContext, WebGpuCommands } from './tfjsInternals.ts';

describe('the private state of tfjs', () => {
  it('has the WebGL context that tfjs computes in, and tells of its loss', async () => {
    const backend = await useWebGlBackend();
    const gl = webGlContext(tf.backend());
    expect(gl.isContextLost()).toBe(false);
    const sum = tf.add(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]));
    expect(await backend.read(sum)).toEqual(Float32Array.of(4, 6));
    const lost = new Promise<Error>((resolve) => backend.onFailure(resolve));
    gl.getExtension('WEBGL_lose_context')!.loseContext();
    expect(await lost).toBeInstanceOf(DeviceLostError);
    expect(gl.isContextLost()).toBe(true);
    expect(() => backend.check()).toThrow(DeviceLostError);
    backend.dispose();
  });

  it.each([
    [() => webGlContext({}), /4\.22\.0 that NormLab knows; it lacks gpgpu\.gl,/],
    [() => webGlContext({ gpgpu: { gl: {} } }), /lacks gpgpu\.gl\.isContextLost, gpgpu\.gl\.canvas$/],
    [() => new WebGpuCommands({ tensorMap: new Map() }), /lacks bufferManager, commandQueueOwnedIds/],
  ])('is asked for by name where it is missing', (read, message) => {
    expect(read).toThrow(message);
  });
});
