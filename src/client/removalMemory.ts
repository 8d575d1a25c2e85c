import * as v from 'valibot';

/** A removal that can still be undone, or that the page was closed before. */
export interface PendingRemoval {
  readonly runId: string;
  /** Milliseconds since 1970; from then on every visit carries it out. */
  readonly dueAt: number;
}

/** Where removals outlive a page that is closed before it has carried them out. */
export interface RemovalMemory {
  read(): readonly PendingRemoval[];
  write(removals: readonly PendingRemoval[]): void;
}

const KEY = 'normlab.removed';

const pendingRemovals = v.array(v.strictObject({ runId: v.string(), dueAt: v.number() }));

/** In `localStorage`, which is written before the page is gone; without it a removal may be forgotten. */
export function browserRemovalMemory(): RemovalMemory {
  return {
    read() {
      try {
        const result = v.safeParse(pendingRemovals, JSON.parse(localStorage.getItem(KEY) ?? '[]'));
        return result.success ? result.output : [];
      } catch {
        return [];
      }
    },
    write(removals) {
      try {
        if (removals.length > 0) localStorage.setItem(KEY, JSON.stringify(removals));
        else localStorage.removeItem(KEY);
      } catch {
        // Storage is refused in some private windows, where no run outlives the page either.
      }
    },
  };
}
