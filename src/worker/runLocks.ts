/** A run that this worker owns until it releases it. */
export interface RunLock {
  release(): void;
}

/** Who trains which run: one tab for each. A held lock also keeps Chromium from freezing the tab. */
export interface RunLocks {
  /**
   * @param takeOver takes the run from whoever owns it.
   * @param onLost called when another tab takes it over.
   * @returns undefined when another tab owns the run.
   */
  acquire(
    runId: string,
    options: { readonly takeOver: boolean; readonly onLost: () => void },
  ): Promise<RunLock | undefined>;
  /** Runs that other tabs own. */
  elsewhere(): Promise<ReadonlySet<string>>;
}

const PREFIX = 'normlab-run:';
/** The lock of a worker that was ended by a reload may be held a little longer. */
const PATIENCE_MS = 1000;
const QUERY_INTERVAL_MS = 50;

/** Web Locks of this origin. Without them (an insecure origin), every run counts as this tab's. */
export class WebRunLocks implements RunLocks {
  readonly #locks: LockManager | undefined;
  readonly #own = new Set<string>();
  /** When this worker began: until a second later, locks may be those of the one before it. */
  readonly #begin = performance.now();

  constructor(locks: LockManager | undefined) {
    this.#locks = locks;
  }

  async acquire(
    runId: string,
    { takeOver, onLost }: { readonly takeOver: boolean; readonly onLost: () => void },
  ): Promise<RunLock | undefined> {
    const locks = this.#locks;
    if (!locks) return { release: () => undefined };
    let isReleased = false;
    let release = (): void => undefined;
    const isHeld = await new Promise<boolean>((resolve) => {
      const options = takeOver ? { steal: true } : { signal: AbortSignal.timeout(PATIENCE_MS) };
      const held = new Promise<void>((end) => {
        release = () => {
          isReleased = true;
          end();
        };
      });
      locks
        .request(PREFIX + runId, options, async () => {
          this.#own.add(runId);
          resolve(true);
          await held;
        })
        // Rejects when the patience is at its end, or later, when the lock is stolen.
        .catch(() => resolve(false))
        .finally(() => {
          if (!this.#own.delete(runId) || isReleased) return;
          onLost();
        });
    });
    return isHeld ? { release } : undefined;
  }

  async elsewhere(): Promise<ReadonlySet<string>> {
    for (;;) {
      const runIds = await this.#heldElsewhere();
      if (runIds.size === 0 || performance.now() - this.#begin >= PATIENCE_MS) return runIds;
      await new Promise((resolve) => setTimeout(resolve, QUERY_INTERVAL_MS));
    }
  }

  async #heldElsewhere(): Promise<ReadonlySet<string>> {
    const { held = [] } = (await this.#locks?.query()) ?? {};
    const ids = held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
    return new Set(ids.filter((runId) => !this.#own.has(runId)));
  }
}
