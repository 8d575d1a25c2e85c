/** Counts of what a page asked of the GPU. */
export interface GpuCalls {
  dispatches: number;
  submits: number;
  passes: number;
  bufferWrites: number;
}

const calls: GpuCalls = { dispatches: 0, submits: 0, passes: 0, bufferWrites: 0 };
/** Undo what counting put into the prototypes. */
const restorers: (() => void)[] = [];

/** Counts from now on, for every device of this realm: the only way to see what a library issues. */
export function countGpuCalls(): void {
  if (restorers.length > 0) return;
  wrap(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', 'dispatches');
  wrap(GPUQueue.prototype, 'submit', 'submits');
  wrap(GPUCommandEncoder.prototype, 'beginComputePass', 'passes');
  wrap(GPUQueue.prototype, 'writeBuffer', 'bufferWrites');
}

/** Gives the device its own methods back. */
export function stopCountingGpuCalls(): void {
  for (const restore of restorers.splice(0)) restore();
}

/** The counts so far; subtract two to get what lies between. */
export function gpuCalls(): Readonly<GpuCalls> {
  return { ...calls };
}

function wrap<Name extends string>(
  prototype: Record<Name, (...parameters: never[]) => unknown>,
  name: Name,
  counter: keyof GpuCalls,
): void {
  const original = prototype[name];
  restorers.push(() => {
    prototype[name] = original;
  });
  prototype[name] = function counted(this: unknown, ...parameters: never[]) {
    calls[counter]++;
    return original.apply(this, parameters);
  };
}
