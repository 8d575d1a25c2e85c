import type { Checkpoint } from '#domain/checkpoint.ts';
import type { CheckpointStore } from '#store/checkpointStore.ts';
import type { RunStore } from '#store/runStore.ts';

/** What the worker asks of the store of runs. */
export type KeptStore = Pick<
  RunStore,
  | 'list'
  | 'read'
  | 'steps'
  | 'create'
  | 'reopen'
  | 'describe'
  | 'remove'
  | 'import'
  | 'keepGivenWeights'
  | 'givenWeights'
  | 'problems'
  | 'usage'
> & { readonly checkpoints: Pick<CheckpointStore, 'save' | 'newest' | 'steps' | 'removeBeyond'> };

/**
 * The newest states, and given weights, that could not be kept, so that weights of this visit can still be had,
 * and forked. Only those of the last request: each may take a hundred megabytes.
 */
export class StateMemory {
  readonly #states = new Map<string, Checkpoint>();
  readonly #given = new Map<string, Uint8Array>();

  clear(): void {
    this.#states.clear();
    this.#given.clear();
  }

  hold(state: Checkpoint): void {
    this.#states.set(state.runId, state);
  }

  get(runId: string): Checkpoint | undefined {
    return this.#states.get(runId);
  }

  holdGivenWeights(runId: string, bytes: Uint8Array): void {
    this.#given.set(runId, bytes);
  }

  givenWeights(runId: string): Uint8Array | undefined {
    return this.#given.get(runId);
  }
}

/**
 * The newest state of a run, from the store or from memory, of at most `upTo` steps.
 * @throws {StorageError} when it was saved in a way that this version cannot read.
 */
export async function newestState(
  runId: string,
  { store, memory }: { readonly store: KeptStore | undefined; readonly memory: StateMemory },
  upTo = Number.POSITIVE_INFINITY,
): Promise<Checkpoint | undefined> {
  const kept = await store?.checkpoints.newest(runId, upTo);
  const held = memory.get(runId);
  return held && held.step <= upTo && held.step > (kept?.step ?? -1) ? held : kept;
}
