import { inErrorScopes } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { GpuError, ShaderError } from '#gpu/errors.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record, type Recording } from '#gpu/replay.ts';

/** One way to compute the same. */
export interface Entrant {
  readonly name: string;
  /** @throws {RangeError} where it is not made for the size. */
  dispatches(): Promise<readonly Dispatch[]>;
}

/** A measurement lasts at least this long, so that the wait for the queue does not decide it. */
const SAMPLE_MS = 4;
/** Share of the first entrant's time that another may take at most to beat it: less than that is noise. */
const CLEARLY = 0.97;
const DOING = 'measuring tiles';

/**
 * Name of the fastest entrant that could be timed before `deadline`, of `performance.now()`; undefined where none was.
 * The first, the default, stays where no other is clearly faster. One that does not fit the size, does not compile or
 * is rejected by the GPU takes no part.
 *
 * @param what is computed, for warnings.
 */
export async function fastest(
  context: GpuContext,
  what: string,
  entrants: readonly Entrant[],
  deadline: number,
): Promise<string | undefined> {
  if (performance.now() >= deadline) return undefined;
  const admitted = [];
  for (const entrant of entrants) {
    try {
      const dispatches = await entrant.dispatches();
      const compiled = pipelineCache(context).compile(dispatches.map(({ shader }) => shader));
      compiled.catch(() => undefined); // awaited below
      admitted.push({ entrant, dispatches, compiled });
    } catch (error) {
      leftOut(what, entrant, error);
    }
  }
  // All at once, and none while another is timed. A compiler that outlasts the deadline decides nothing.
  const all = Promise.allSettled(admitted.map(({ compiled }) => compiled));
  if (!(await settlesBefore(all, deadline))) return undefined;
  let best: { readonly name: string | undefined; readonly ms: number } = { name: undefined, ms: Infinity };
  let toBeat = Infinity;
  for (const { entrant, dispatches, compiled } of admitted) {
    if (performance.now() >= deadline) break;
    try {
      await compiled;
      const ms = await time(context, dispatches, best.ms);
      if (entrant === entrants[0]) toBeat = CLEARLY * ms;
      else if (ms >= toBeat) continue;
      if (ms < best.ms) best = { name: entrant.name, ms };
    } catch (error) {
      leftOut(what, entrant, error);
    }
  }
  return best.name;
}

async function settlesBefore(promise: Promise<unknown>, deadline: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    const left = Math.max(0, deadline - performance.now());
    // A timer takes no longer delays, and fires at once instead.
    if (left < 2 ** 31) timer = setTimeout(() => resolve(false), left);
  });
  try {
    return await Promise.race([promise.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds of one run, or the first rough figure where that is far above `best` already. */
async function time(context: GpuContext, dispatches: readonly Dispatch[], best: number): Promise<number> {
  const recording = await inErrorScopes(context, DOING, () =>
    record(context, pipelineCache(context), dispatches),
  );
  try {
    await run(context, recording, 1);
    const rough = await run(context, recording, 1);
    if (rough > 2 * best + SAMPLE_MS) return rough;
    const repeats = Math.max(1, Math.min(64, Math.ceil(SAMPLE_MS / rough)));
    const samples = [];
    for (let i = 0; i < 2; i++) samples.push(await run(context, recording, repeats));
    return Math.min(...samples) / repeats;
  } finally {
    recording.dispose();
  }
}

async function run(context: GpuContext, recording: Recording, repeats: number): Promise<number> {
  const { device } = context;
  const started = performance.now();
  const accepted = inErrorScopes(context, DOING, () => {
    const encoder = device.createCommandEncoder({ label: 'tuning' });
    const pass = encoder.beginComputePass({ label: 'tuning' });
    for (let i = 0; i < repeats; i++) recording.encode(pass);
    pass.end();
    device.queue.submit([encoder.finish()]);
  });
  // Awaited after the work; a rejection must not count as unhandled until then.
  accepted.catch(() => undefined);
  await device.queue.onSubmittedWorkDone();
  const milliseconds = performance.now() - started;
  await accepted;
  context.check();
  return milliseconds;
}

/** @throws the error itself, where it is no fault of the entrant. */
function leftOut(what: string, { name }: Entrant, error: unknown): void {
  if (!(error instanceof RangeError || error instanceof ShaderError || error instanceof GpuError))
    throw error;
  console.warn(`“${name}” cannot be used here (${what}):`, error);
}
