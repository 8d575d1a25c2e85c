import { createReplayEngine } from '#engine/replay/createReplayEngine.ts';
import { requestGpu } from '#gpu/device.ts';
import type { AdapterDescription } from '#gpu/device.ts';
import type { TrainingDevice } from './trainingDevice.ts';

/**
 * Opens WebGPU with the recorded engine.
 * @throws {GpuUnavailableError}
 */
export async function openWebGpu(): Promise<TrainingDevice> {
  const context = await requestGpu();
  const { adapter, limits, features } = context;
  return {
    info: {
      backend: 'webgpu',
      title: adapterTitle(adapter),
      vendor: adapter.vendor,
      architecture: adapter.architecture,
      isFallback: adapter.isFallback,
      features: [...features].sort(),
      maxBufferBytes: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
    },
    createEngine: (config) => createReplayEngine(context, config),
    onFailure: (listener) => void context.onFailure(listener),
  };
}

/** Browsers tell a full name, or vendor and architecture, or nothing. */
export function adapterTitle({
  description,
  device,
  vendor,
  architecture,
  isFallback,
}: AdapterDescription): string {
  const family = [vendor, architecture].filter((part) => part !== '').join(' ');
  return description || device || family || (isFallback ? 'Software adapter' : 'Graphics adapter');
}
