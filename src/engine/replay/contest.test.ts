import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { fastest } from './contest.ts';

/** A device whose compiler never comes to an end. */
function stuckContext(): GpuContext {
  const device = {
    pushErrorScope: () => undefined,
    popErrorScope: async () => null,
    createShaderModule: () => ({}),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipelineAsync: () => new Promise(() => undefined),
  };
  return { device, check: () => undefined } as unknown as GpuContext;
}

const dispatch: Dispatch = {
  shader: { label: 'slow', code: '', bindings: [] },
  bindings: [],
  workgroups: [1, 1, 1],
};

afterEach(() => vi.unstubAllGlobals());

describe('fastest', () => {
  it('waits for a compiler no longer than until its deadline', async () => {
    vi.stubGlobal('GPUShaderStage', { COMPUTE: 4 });
    const entrants = [{ name: 'slow', dispatches: async () => [dispatch] }];
    const begun = performance.now();
    expect(await fastest(stuckContext(), 'a test', entrants, begun + 50)).toBeUndefined();
    // Timers may come a little late on a busy machine; without the deadline it would never end.
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('begins nothing after its deadline', async () => {
    const dispatches = vi.fn<() => Promise<readonly Dispatch[]>>();
    expect(await fastest(stuckContext(), 'a test', [{ name: 'a', dispatches }], 0)).toBeUndefined();
    expect(dispatches).not.toHaveBeenCalled();
  });
});
