import { DeviceLostError, GpuUnavailableError, toGpuError } from './errors.ts';

/** What `GPUAdapter.info` tells, with fallbacks for browsers that hide parts of it. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** A software adapter: correct, but very slow. */
  readonly isFallback: boolean;
}

/** Our own device and everything that must live as long as it does. */
export interface GpuContext {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly info: GPUAdapterInfo;
  readonly limits: GPUSupportedLimits;
  readonly features: GPUSupportedFeatures;
  /** The first loss or uncaptured error; from then on no result may be used. */
  readonly failure: Error | undefined;
  /** Called once with the first failure, at once if there was one. Returns a function that unsubscribes. */
  onFailure(listener: (error: Error) => void): () => void;
  /** Throws `failure` if there is one. */
  check(): void;
  /** Destroys the device; its loss is then no failure. */
  dispose(): void;
}

/** Limits that larger batches and wider tiles profit from; kernels themselves fit the specification's defaults. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

const WANTED_FEATURES: readonly GPUFeatureName[] = ['subgroups', 'shader-f16', 'timestamp-query'];

/**
 * Requests an adapter and a device with every limit and feature that NormLab can use, and attaches the
 * loss and error handlers before anything else can use the device: tfjs's own factory attaches none, and
 * then a run goes on with wrong numbers after a fault.
 *
 * @throws {GpuUnavailableError}
 */
export async function requestGpu(options: GPURequestAdapterOptions = {}): Promise<GpuContext> {
  const gpu = globalThis.navigator?.gpu as GPU | undefined;
  if (!gpu) {
    throw new GpuUnavailableError(
      'no-webgpu',
      !globalThis.isSecureContext
        ? 'WebGPU needs a secure page: open NormLab over https or from localhost.'
        : 'This browser has no WebGPU.',
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance', ...options });
  if (!adapter) {
    throw new GpuUnavailableError(
      'no-adapter',
      'The browser has WebGPU but offers no graphics adapter at present.',
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) {
    const value = adapter.limits[name];
    if (typeof value === 'number') requiredLimits[name] = value;
  }
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ label: 'NormLab', requiredLimits, requiredFeatures });
  } catch (cause) {
    throw new GpuUnavailableError('device-refused', `The browser refused the GPU: ${String(cause)}`, cause);
  }
  return watch(device, adapter);
}

/** Wraps a device in a context that records its first failure. */
function watch(device: GPUDevice, adapter: GPUAdapter): GpuContext {
  let failure: Error | undefined;
  let closing = false;
  const listeners = new Set<(error: Error) => void>();
  const fail = (error: Error): void => {
    if (failure || closing) return;
    failure = error;
    for (const listener of listeners) listener(error);
    listeners.clear();
  };
  device.addEventListener('uncapturederror', (event) => fail(toGpuError(event.error, 'uncaptured')));
  void device.lost.then(({ reason, message }) =>
    fail(new DeviceLostError(reason, `The GPU was lost (${reason}): ${message || 'no message'}`)),
  );
  const { info } = adapter;
  return {
    device,
    info,
    adapter: {
      vendor: info.vendor,
      architecture: info.architecture,
      device: info.device,
      description: info.description,
      isFallback: isFallback(adapter),
    },
    limits: device.limits,
    features: device.features,
    get failure() {
      return failure;
    },
    onFailure(listener) {
      if (failure) listener(failure);
      else listeners.add(listener);
      return () => listeners.delete(listener);
    },
    check() {
      if (failure) throw failure;
    },
    dispose() {
      // Before destroy(): `lost` resolves later, and a planned end is not a failure.
      closing = true;
      listeners.clear();
      device.destroy();
    },
  };
}

/** `isFallbackAdapter` moved from the adapter to its info; software drivers of Linux report neither. */
function isFallback(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  const flag =
    (info as { isFallbackAdapter?: boolean }).isFallbackAdapter ??
    (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter ??
    false;
  return (
    flag || /swiftshader|llvmpipe|lavapipe/i.test(`${info.architecture} ${info.device} ${info.description}`)
  );
}
