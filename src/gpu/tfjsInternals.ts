import * as tf from './tf.ts';

/*
 * The private state of tfjs 4.22.0 that NormLab uses. No other module may: what is not in here is not checked. No
 * later release is expected; `tfjsInternals.browser.test.ts` and `backend.browser.test.ts` pin what each member does.
 */

const KNOWN_VERSION = '4.22.0';

/** What `WebGpuCommands` uses of tfjs-backend-webgpu. */
interface WebGpuMembers {
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
] as const satisfies readonly (keyof WebGpuMembers)[];

/** The command queue of tfjs-backend-webgpu, for commands of our own among its. */
export class WebGpuCommands {
  readonly #members: WebGpuMembers;

  /** @throws {Error} when tfjs is another release, or the backend lacks a member. */
  constructor(backend: object) {
    expectMembers(WEBGPU_MEMBERS.filter((name) => !(name in backend)));
    this.#members = backend as WebGpuMembers;
  }

  /** The buffer behind a tensor, its values uploaded; undefined where tfjs has none for it. */
  bufferOf(dataId: object): GPUBuffer | undefined {
    this.#members.uploadToGPU(dataId);
    return this.#members.tensorMap.get(dataId)?.resource ?? undefined;
  }

  /** Keeps a tensor's buffer out of the pool until what is recorded now was submitted. */
  hold(dataId: object): void {
    this.#members.commandQueueOwnedIds.add(dataId);
  }

  /** A uniform buffer that no unsubmitted command can still be using; the pool takes it back after the submit. */
  uniformBuffer(byteLength: number): GPUBuffer {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
    const buffer = this.#members.bufferManager.acquireBuffer(byteLength, usage);
    this.#members.uniformPendingDisposal.push(buffer);
    return buffer;
  }

  /** Records one dispatch behind tfjs's own, and submits when as many are waiting as tfjs lets wait. */
  dispatch(record: (pass: GPUComputePassEncoder) => void): void {
    const members = this.#members;
    members.ensureCommandEncoderReady();
    members.computePassEncoder ??= members.commandEncoder!.beginComputePass();
    record(members.computePassEncoder);
    members.dispatchCountInPass++;
    if (members.dispatchCountInPass >= tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) this.submit();
  }

  /** Submits what was recorded, by tfjs or here. */
  submit(): void {
    this.#members.endComputePassEncoder();
    if (this.#members.commandEncoder) this.#members.submitQueue();
  }
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
