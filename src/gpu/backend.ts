import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { download } from './buffers.ts';
import type { Binding, Dispatch } from './command.ts';
import type { GpuContext } from './device.ts';
import type { PipelineCache } from './pipelines.ts';
import type { TensorBackend } from './tensorBackend.ts';
import * as tf from './tf.ts';
import { WebGpuCommands } from './tfjsInternals.ts';

const registered = new WeakMap<object, WebGpuTensors>();

/**
 * Makes tfjs compute on `context`'s device. The stock factory is removed: it would open a device of its
 * own without error handlers, and fall back to the CPU in silence.
 *
 * @throws {Error} when tfjs does not take the backend.
 */
export async function useWebGpuBackend(context: GpuContext, cache: PipelineCache): Promise<WebGpuTensors> {
  context.check();
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  // Small operations would otherwise run on the CPU, with other roundings.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const backend = new WebGPUBackend(context.device, context.info);
  const commands = new WebGpuCommands(backend);
  tf.registerBackend('webgpu', () => backend, 3);
  if (!(await tf.setBackend('webgpu')) || tf.backend() !== backend) {
    throw new Error(`tfjs refused the WebGPU backend and chose ${tf.getBackend()}`);
  }
  const tensors = new WebGpuTensors(context, cache, backend, commands);
  registered.set(backend, tensors);
  return tensors;
}

/** The tensors of the backend object that tfjs hands to a kernel function. */
export function webGpuTensors(backend: unknown): WebGpuTensors {
  const tensors = registered.get(backend as object);
  if (!tensors) throw new Error('This kernel runs only on the backend that useWebGpuBackend registered');
  return tensors;
}

/** Runs NormLab's dispatches on tfjs tensors, in order with tfjs's own commands. */
export class WebGpuTensors implements TensorBackend {
  readonly name = 'webgpu';
  readonly context: GpuContext;
  readonly #cache: PipelineCache;
  readonly #backend: WebGPUBackend;
  readonly #commands: WebGpuCommands;

  constructor(context: GpuContext, cache: PipelineCache, backend: WebGPUBackend, commands: WebGpuCommands) {
    this.context = context;
    this.#cache = cache;
    this.#backend = backend;
    this.#commands = commands;
  }

  check(): void {
    this.context.check();
    if (tf.getBackend() !== 'webgpu' || tf.backend() !== this.#backend) {
      throw new Error(`tfjs computes on '${tf.getBackend()}' instead of NormLab's WebGPU device`);
    }
  }

  onFailure(listener: (error: Error) => void): () => void {
    return this.context.onFailure(listener);
  }

  /**
   * The buffer behind a tensor, of exactly its size (four bytes per element); values that are still on the
   * CPU are uploaded first. The tensor keeps ownership.
   */
  bufferOf(tensor: tf.TensorInfo): GPUBuffer {
    const buffer = this.#commands.bufferOf(tensor.dataId);
    if (!buffer) throw new Error(`A tensor [${tensor.shape.join(', ')}] has no buffer`);
    return buffer;
  }

  /**
   * A float32 tensor with uninitialized contents (a pooled buffer holds what its last owner left).
   * Return it from a kernel function, which hands it to tfjs, or release it.
   */
  create(shape: readonly number[]): tf.TensorInfo {
    const info = this.#backend.makeTensorInfo([...shape], 'float32');
    this.#commands.bufferOf(info.dataId);
    return info;
  }

  /** Frees a tensor made by `create` that was not handed to tfjs; its buffer outlives pending commands. */
  release(tensor: tf.TensorInfo): void {
    this.#backend.disposeData(tensor.dataId);
  }

  /**
   * Appends `dispatches` to tfjs's own command encoder, so that nothing overtakes anything.
   * @param tensors every tensor whose buffer a dispatch binds, with their uploads done (`bufferOf`).
   */
  run(dispatches: readonly Dispatch[], tensors: readonly tf.TensorInfo[]): void {
    for (const { dataId } of tensors) this.#commands.hold(dataId);
    for (const { shader, bindings, workgroups } of dispatches) {
      const { pipeline, layout } = this.#cache.getOrCompile(shader);
      const bindGroup = this.context.device.createBindGroup({
        label: shader.label,
        layout,
        entries: bindings.map((binding, i) => ({ binding: i, resource: this.#resource(binding) })),
      });
      this.#commands.dispatch((pass) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...workgroups);
      });
    }
  }

  #resource(binding: Binding): GPUBufferBinding {
    if ('buffer' in binding) return binding;
    const { uniform } = binding;
    const buffer = this.#commands.uniformBuffer(uniform.byteLength);
    this.context.device.queue.writeBuffer(buffer, 0, uniform as Uint32Array<ArrayBuffer>);
    return { buffer };
  }

  flush(): void {
    this.#commands.submit();
  }

  async read(tensor: tf.Tensor): Promise<Float32Array> {
    const buffer = this.bufferOf(tensor);
    this.flush();
    return new Float32Array(await download(this.context, buffer, 0, tensor.size * 4));
  }

  memory(): { gpuBytes: number; tensors: number } {
    // Buffers of disposed tensors count until the commands that use them are submitted.
    this.flush();
    return { gpuBytes: this.#backend.memory().numBytesInGPU, tensors: tf.memory().numTensors };
  }

  dispose(): void {
    if (tf.findBackendFactory('webgpu') && tf.getBackend() === 'webgpu') tf.removeBackend('webgpu');
  }
}
