import type { BindingKind, Shader } from './command.ts';
import type { GpuContext } from './device.ts';
import { deviceAnswer, DeviceLostError, ShaderError } from './errors.ts';

/** A compiled shader with the layout that its bind groups follow. */
export interface CompiledShader {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const BUFFER_TYPE: Record<BindingKind, GPUBufferBindingType> = {
  read: 'read-only-storage',
  read_write: 'storage',
  uniform: 'uniform',
};

/**
 * Compiles shaders once per device, asynchronously and in parallel. Layouts are explicit: with
 * `layout: 'auto'` a binding that the code happens not to read vanishes, and bind groups break.
 */
export class PipelineCache {
  readonly #context: GpuContext;
  readonly #compiled = new Map<string, CompiledShader>();
  readonly #pending = new Map<string, Promise<CompiledShader>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(context: GpuContext) {
    this.#context = context;
  }

  /** Pipelines compiled so far. */
  get size(): number {
    return this.#compiled.size;
  }

  /**
   * Compiles what is missing of `shaders`.
   * @throws {ShaderError} with name, line, column and the line's text of the first shader that does not compile.
   */
  async compile(
    shaders: Iterable<Shader>,
    onProgress?: (done: number, total: number) => void,
  ): Promise<void> {
    const missing = new Map<string, Shader>();
    for (const shader of shaders) {
      const key = shaderKey(shader);
      if (!this.#compiled.has(key)) missing.set(key, shader);
    }
    let done = 0;
    await Promise.all(
      Array.from(missing, async ([key, shader]) => {
        let pending = this.#pending.get(key);
        if (!pending) {
          pending = this.#build(shader);
          this.#pending.set(key, pending);
        }
        try {
          this.#compiled.set(key, await pending);
        } finally {
          this.#pending.delete(key);
        }
        onProgress?.(++done, missing.size);
      }),
    );
  }

  /** @throws {Error} when the shader was not compiled before. */
  get(shader: Shader): CompiledShader {
    const compiled = this.#compiled.get(shaderKey(shader));
    if (!compiled) throw new Error(`${shader.label} is used before it was compiled`);
    return compiled;
  }

  /**
   * Like `get`, but compiles a missing shader on the spot: this stalls, and a broken shader shows as an
   * uncaptured error, which fails the device. For synchronous callers whose warm-up missed a shader.
   */
  getOrCompile(shader: Shader): CompiledShader {
    const key = shaderKey(shader);
    let compiled = this.#compiled.get(key);
    if (!compiled) {
      const { device } = this.#context;
      const module = device.createShaderModule({ label: shader.label, code: shader.code });
      const layout = this.#layout(shader.bindings);
      compiled = { pipeline: device.createComputePipeline(this.#descriptor(shader, module, layout)), layout };
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  async #build(shader: Shader): Promise<CompiledShader> {
    const { device } = this.#context;
    this.#context.check();
    // Errors reach us through compilation info and the pipeline's rejection; the scope only keeps the
    // module's copy of them from counting as uncaptured.
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: shader.label, code: shader.code });
    const layout = this.#layout(shader.bindings);
    const pipeline = device.createComputePipelineAsync(this.#descriptor(shader, module, layout));
    const scope = deviceAnswer(device.popErrorScope());
    // Awaited after the pipeline; a rejection must not count as unhandled until then.
    scope.catch(() => undefined);
    try {
      const compiled = { pipeline: await pipeline, layout };
      await scope;
      return compiled;
    } catch (cause) {
      this.#context.check();
      if (cause instanceof DeviceLostError) throw cause;
      const info = await deviceAnswer(module.getCompilationInfo());
      const errors = info.messages.filter(({ type }) => type === 'error');
      // Templates are expanded: the line's text finds its place in the file.
      const lines = shader.code.split('\n');
      const where = errors.map(({ lineNum, linePos, message }) => {
        const line = lines[lineNum - 1]?.trim();
        return `${shader.label}.wgsl:${lineNum}:${linePos} ${message}${line ? `\n    ${line}` : ''}`;
      });
      throw new ShaderError(where.join('\n') || `${shader.label}.wgsl: ${String(cause)}`, { cause });
    }
  }

  #descriptor(
    shader: Shader,
    module: GPUShaderModule,
    layout: GPUBindGroupLayout,
  ): GPUComputePipelineDescriptor {
    return {
      label: shader.label,
      layout: this.#context.device.createPipelineLayout({ label: shader.label, bindGroupLayouts: [layout] }),
      compute: {
        module,
        entryPoint: 'main',
        ...(shader.constants ? { constants: { ...shader.constants } } : {}),
      },
    };
  }

  #layout(bindings: readonly BindingKind[]): GPUBindGroupLayout {
    const key = bindings.join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.#context.device.createBindGroupLayout({
        label: key,
        entries: bindings.map((kind, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: BUFFER_TYPE[kind] },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

const caches = new WeakMap<GpuContext, PipelineCache>();

/** The one cache of a device. */
export function pipelineCache(context: GpuContext): PipelineCache {
  let cache = caches.get(context);
  if (!cache) {
    cache = new PipelineCache(context);
    caches.set(context, cache);
  }
  return cache;
}

/** Two shaders share a pipeline when everything that generates it is equal. */
function shaderKey(shader: Shader): string {
  return `${shader.label}|${shader.bindings.join()}|${JSON.stringify(shader.constants ?? {})}|${shader.code}`;
}
