import type { Dispatch } from './command.ts';
import type { GpuContext } from './device.ts';
import type { PipelineCache } from './pipelines.ts';

/** A list of dispatches with everything prepared: encoding it touches no shape, no uniform, no layout. */
export interface Recording {
  readonly dispatchCount: number;
  /** Bytes of the uniform buffer that the recording owns. */
  readonly uniformBytes: number;
  /** Encodes dispatches `from` (included) to `to` (excluded) into an open pass. */
  encode(pass: GPUComputePassEncoder, from?: number, to?: number): void;
  /** Frees the uniform buffer; bound storage buffers belong to whoever made them. */
  dispose(): void;
}

/**
 * Prepares bind groups for `dispatches`, whose shaders must be compiled. All uniform blocks go into one
 * buffer, written once.
 */
export function record(
  context: GpuContext,
  cache: PipelineCache,
  dispatches: readonly Dispatch[],
): Recording {
  const { device } = context;
  const alignment = device.limits.minUniformBufferOffsetAlignment;
  const blocks: { data: Uint32Array; offset: number }[] = [];
  let uniformBytes = 0;
  const place = (data: Uint32Array): number => {
    const offset = uniformBytes;
    blocks.push({ data, offset });
    uniformBytes += Math.ceil(data.byteLength / alignment) * alignment;
    return offset;
  };
  const layouts = dispatches.map((dispatch) =>
    dispatch.bindings.map((binding) =>
      'uniform' in binding ? { offset: place(binding.uniform), size: binding.uniform.byteLength } : binding,
    ),
  );
  const uniforms = device.createBuffer({
    label: 'uniforms',
    size: Math.max(16, uniformBytes),
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  const packed = new Uint32Array(Math.max(4, uniformBytes / 4));
  for (const { data, offset } of blocks) packed.set(data, offset / 4);
  device.queue.writeBuffer(uniforms, 0, packed);

  const prepared = dispatches.map(({ shader, workgroups }, i) => {
    const { pipeline, layout } = cache.get(shader);
    const entries = layouts[i]!.map((binding, index) => ({
      binding: index,
      resource: 'buffer' in binding ? binding : { buffer: uniforms, ...binding },
    }));
    return {
      pipeline,
      workgroups,
      bindGroup: device.createBindGroup({ label: shader.label, layout, entries }),
    };
  });

  return {
    dispatchCount: prepared.length,
    uniformBytes: uniforms.size,
    encode(pass, from = 0, to = prepared.length) {
      let current: GPUComputePipeline | undefined;
      for (let i = from; i < to; i++) {
        const { pipeline, bindGroup, workgroups } = prepared[i]!;
        if (pipeline !== current) pass.setPipeline(pipeline);
        current = pipeline;
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
      }
    },
    dispose() {
      uniforms.destroy();
    },
  };
}
