/** Remembers from visit to visit which kept data set was used last, by its content hash. */
export interface DatasetMemory {
  read(): string | undefined;
  /** Undefined forgets: the built-in set is used next time. */
  write(hash: string | undefined): void;
}

const KEY = 'normlab.dataset';

/** In `localStorage`, where the browser allows it; the page works without. */
export function browserMemory(): DatasetMemory {
  return {
    read() {
      try {
        const hash = localStorage.getItem(KEY);
        return hash !== null && /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
      } catch {
        return undefined;
      }
    },
    write(hash) {
      try {
        if (hash === undefined) localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, hash);
      } catch {
        // Storage is refused in some private windows: the next visit starts with the built-in set.
      }
    },
  };
}
