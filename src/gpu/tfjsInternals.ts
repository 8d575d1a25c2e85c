import * as tf from './tf.ts';

/*
 * The private state of tfjs 4.22.0 that NormLab uses. No other module may: what is not in here is not checked. No
 * later release is expected; `tfjsInternals.browser.test.ts` and `backend.browser.test.ts` pin what each member does.
 */

const KNOWN_VERSION = '4.22.0';

/** How commands of our own join those of tfjs-backend-webgpu. */
export interface WebGpuInternals {
  readonly bufferManager: { acquireBuffer(size: number, usage: GPUBufferUsageFlags): GPUBuffer };
  readonly tensorMap: { get(dataId: object): { readonly resource?: GPUBuffer | null } | undefined };
  /** Tensors that unsubmitted commands use: their buffers return to the pool only after the submit. */
  readonly commandQueueOwnedIds: WeakSet<object>;
  /** Uniform buffers to release after the submit. */
  readonly uniformPendingDisposal: GPUBuffer[];
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
}

const WEBGPU_MEMBERS = [
  'bufferManager',
  'tensorMap',
  'commandQueueOwnedIds',
  'uniformPendingDisposal',
  'commandEncoder',
  'computePassEncoder',
  'dispatchCountInPass',
  'ensureCommandEncoderReady',
  'endComputePassEncoder',
  'submitQueue',
  'uploadToGPU',
] as const satisfies readonly (keyof WebGpuInternals)[];

/** @throws {Error} when tfjs is another release, or the backend lacks a member. */
export function webGpuInternals(backend: object): WebGpuInternals {
  expectMembers(WEBGPU_MEMBERS.filter((name) => !(name in backend)));
  return backend as WebGpuInternals;
}

/** A WebGL context, whose loss its canvas tells. */
export type WebGlContext = WebGLRenderingContext & { readonly canvas: EventTarget };

/**
 * The context that tfjs-backend-webgl computes in.
 * @throws {Error} when tfjs is another release, or the backend lacks a member.
 */
export function webGlContext(backend: object): WebGlContext {
  const { gl } = (backend as { gpgpu?: { gl?: Partial<WebGlContext> } }).gpgpu ?? {};
  expectMembers([
    ...(gl ? [] : ['gpgpu.gl']),
    ...(typeof gl?.isContextLost === 'function' ? [] : ['gpgpu.gl.isContextLost']),
    ...(typeof gl?.canvas?.addEventListener === 'function' ? [] : ['gpgpu.gl.canvas']),
  ]);
  return gl as WebGlContext;
}

function expectMembers(missing: readonly string[]): void {
  if (missing.length === 0 && tf.version_core === KNOWN_VERSION) return;
  const lacks = missing.length > 0 ? `; it lacks ${missing.join(', ')}` : '';
  throw new Error(`tfjs ${tf.version_core} is not the ${KNOWN_VERSION} that NormLab knows${lacks}`);
}
