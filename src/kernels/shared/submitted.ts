import type { GpuContext } from '#gpu/device.ts';
import type { Recording } from '#gpu/replay.ts';

/** Runs a recording so many times in one submit, and waits for the GPU: the sample of a benchmark. */
export async function submitted(context: GpuContext, recording: Recording, repeats = 1): Promise<void> {
  const { device } = context;
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let i = 0; i < repeats; i++) recording.encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  context.check();
}
