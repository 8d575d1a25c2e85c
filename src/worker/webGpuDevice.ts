import { createReplayEngine } from '#engine/replay/createReplayEngine.ts';
import { Tuner } from '#engine/replay/tuner.ts';
import { requestGpu } from '#gpu/device.ts';
import type { AdapterDescription } from '#gpu/device.ts';
import { originTuning, tuningStore } from './tuningStore.ts';
import type { TrainingDevice } from './trainingDevice.ts';

/**
 * Opens WebGPU with the recorded engine.
 * @param tuning where choices of tiles and tunings outlive the worker.
 * @throws {GpuUnavailableError}
 */
export async function openWebGpu(tuning = originTuning): Promise<TrainingDevice> {
  const context = await requestGpu();
  const { adapter, limits, features } = context;
  const tuner = new Tuner(context, tuningStore(tuning));
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
    createEngine: async (config, onPreparing, signal) =>
      createReplayEngine(context, config, {
        ...(signal && { signal }),
        tunings: await tuner.choose(config, {
          ...(signal && { signal }),
          onProgress: (done, total) => onPreparing?.({ stage: 'measuring tiles', done, total }),
        }),
        isGentle: true,
        onCompile: (done, total) => onPreparing?.({ stage: 'compiling kernels', done, total }),
      }),
    measure: async (options, hooks) => {
      const { measureGpu } = await import('#bench/measure.ts');
      return measureGpu(options, { ...hooks, choose: (run) => tuner.choose(run) });
    },
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
