import { GpuUnavailableError } from '#gpu/errors.ts';
import { UnsupportedError } from './trainingDevice.ts';
import type { TrainingDevice } from './trainingDevice.ts';

/** How each kind of device is opened. Both throw when there is none. */
export interface DeviceRoutes {
  /** @throws {GpuUnavailableError} */
  webGpu(): Promise<TrainingDevice>;
  /** @param reason why WebGPU is not used, in a sentence. */
  webGl(reason: string): Promise<TrainingDevice>;
}

/** Each route loads its own engine: a browser with WebGPU never downloads tfjs. */
const ROUTES: DeviceRoutes = {
  webGpu: async () => (await import('./webGpuDevice.ts')).openWebGpu(),
  webGl: async (reason) => (await import('./webGlDevice.ts')).openWebGl(reason),
};

/**
 * Opens WebGPU, or WebGL where the browser has no usable WebGPU. Anything else that goes wrong with WebGPU
 * is an error and no reason to go on with something slower in silence.
 *
 * @throws {UnsupportedError} when there is neither.
 */
export async function startDevice(routes: DeviceRoutes = ROUTES): Promise<TrainingDevice> {
  try {
    return await routes.webGpu();
  } catch (error) {
    if (!(error instanceof GpuUnavailableError)) throw error;
    return openSecondChoice(routes, error);
  }
}

async function openSecondChoice(routes: DeviceRoutes, first: GpuUnavailableError): Promise<TrainingDevice> {
  try {
    return await routes.webGl(first.message);
  } catch (second) {
    const code = first.code === 'no-webgpu' ? 'no-webgpu-no-webgl' : first.code;
    const why = second instanceof Error ? second.message : String(second);
    throw new UnsupportedError(code, `Nothing can train here. ${first.message} ${why}`, second);
  }
}
