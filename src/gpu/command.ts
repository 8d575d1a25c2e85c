/**
 * GPU work as plain data. A `Dispatch` names a shader, the buffers it binds and the workgroups it needs;
 * building one touches no GPU. `executor.ts` runs lists of them at once (eager); `replay.ts` prepares
 * bind groups once and encodes the same list again and again.
 *
 * Between replays these must not change: shaders, buffer identities, slices, workgroup counts. The
 * contents of buffers may (batch order, schedule, step counter), and that is how a step gets its inputs.
 */
export type BindingKind = 'read' | 'read_write' | 'uniform';

/** One compute program: WGSL with its bindings and override constants. */
export interface Shader {
  /** File name without extension; also the debug label of module and pipeline. */
  readonly label: string;
  readonly code: string;
  /** Kind of `@group(0) @binding(i)`, in order. */
  readonly bindings: readonly BindingKind[];
  /** Values of the `override` declarations. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A range of a buffer. `offset` is a multiple of 256 bytes. Without `size`: to the end. */
export interface BufferSlice {
  readonly buffer: GPUBuffer;
  readonly offset?: number;
  readonly size?: number;
}

/** A uniform block, as 32-bit words; the executor owns the buffer that it ends up in. */
export interface UniformData {
  readonly uniform: Uint32Array;
}

export type Binding = BufferSlice | UniformData;

export interface Dispatch {
  readonly shader: Shader;
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** Packs integers and floats into 32-bit words in the given order: `words(['u', 3], ['f', 1e-5])`. */
export function words(...fields: readonly (readonly ['u' | 'i' | 'f', number])[]): Uint32Array {
  const out = new Uint32Array(Math.ceil(fields.length / 4) * 4);
  const floats = new Float32Array(out.buffer);
  const integers = new Int32Array(out.buffer);
  fields.forEach(([kind, value], i) => {
    if (kind === 'f') floats[i] = value;
    else if (kind === 'i') integers[i] = value;
    else out[i] = value;
  });
  return out;
}
