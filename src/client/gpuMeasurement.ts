import type { BenchmarkOptions, BenchmarkProgress, BenchmarkReport } from '#domain/benchmark.ts';
import type { WorkerEvent } from '#protocol/messages.ts';
import { RemoteError } from '#protocol/wireError.ts';
import { WorkerLostError } from './workerLink.ts';
import type { WorkerLink } from './workerLink.ts';

/** A report with the moment of its end. */
export interface DatedReport extends BenchmarkReport {
  readonly finishedAt: Date;
}

export interface MeasurementState {
  /** While one is going on; `skipped` is what the user asked to leave out. */
  readonly going:
    | {
        readonly options: BenchmarkOptions;
        readonly progress: BenchmarkProgress | undefined;
        readonly skipped: 'stock' | 'all' | undefined;
      }
    | undefined;
  /** The last one that came to its end; stays while another one is going. */
  readonly report: DatedReport | undefined;
  /** All of this visit, oldest first. */
  readonly reports: readonly DatedReport[];
  /** Why the last one did not, for people. */
  readonly error: string | undefined;
}

const IDLE: MeasurementState = { going: undefined, report: undefined, reports: [], error: undefined };

/** The page's side of measuring the GPU: one measurement at a time, over the worker of the moment. */
export class GpuMeasurement {
  readonly #changed: (state: MeasurementState) => void;
  readonly #link: () => WorkerLink;
  #state = IDLE;

  /**
   * @param changed told of every new state.
   * @param link gives the worker of the moment.
   */
  constructor(changed: (state: MeasurementState) => void, link: () => WorkerLink) {
    this.#changed = changed;
    this.#link = link;
  }

  get state(): MeasurementState {
    return this.#state;
  }

  /**
   * Measures, unless that is going on; ends with a report or an error in the state.
   * @returns whether it came to its end: not when it was cancelled.
   */
  async start(options: BenchmarkOptions): Promise<boolean> {
    if (this.#state.going) return false;
    this.#patch({ going: { options, progress: undefined, skipped: undefined }, error: undefined });
    try {
      const report = await this.#link().request('benchmark', options);
      const dated = { ...report, finishedAt: new Date() };
      this.#patch({ going: undefined, report: dated, reports: [...this.#state.reports, dated] });
      return true;
    } catch (error) {
      this.#patch({ going: undefined, error: reason(error) });
      return false;
    }
  }

  /** Measures one after another; an error or a cancellation ends them all. */
  async startAll(all: readonly BenchmarkOptions[]): Promise<void> {
    for (const options of all) if (!(await this.start(options))) return;
  }

  /** Leaves out stock tfjs, or all that is left, from the next step on. */
  skip(part: 'stock' | 'all'): void {
    const { going } = this.#state;
    if (!going) return;
    this.#patch({ going: { ...going, skipped: part } });
    // Should the worker be gone, then so is the measurement, and `start` says so.
    this.#link()
      .request('skipBenchmark', { part })
      .catch(() => undefined);
  }

  progress({ type: _, ...progress }: Extract<WorkerEvent, { type: 'benchmark-progress' }>): void {
    const { going } = this.#state;
    if (going) this.#patch({ going: { ...going, progress } });
  }

  #patch(change: Partial<MeasurementState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}

/** Undefined where the user cancelled, or where the page says already what became of the worker. */
function reason(error: unknown): string | undefined {
  if (error instanceof WorkerLostError) return undefined;
  if (error instanceof RemoteError) {
    if (error.remoteName === 'AbortError') return undefined;
    if (error.detail) console.error(error.detail);
  }
  return error instanceof Error ? error.message : String(error);
}
