import { reachedText } from '#domain/runOptions.ts';
import type { StopRule } from '#domain/runOptions.ts';

/** The mean of fewer losses than this is luck. */
const LEAST_STEPS = 20;

/** How far a run is, as its stop rule sees it. */
export interface StopState {
  /** Steps done. */
  readonly step: number;
  readonly elapsedMs: number;
  /** Smoothed training loss after the last step; once for every step. */
  readonly trainLoss?: number;
  /** Of the validation at the end of an epoch, or of a probe. */
  readonly validLoss?: number;
  /** Images of that probe. */
  readonly probed?: number;
}

/** Applies a stop rule: says once, and from then on, that it is met. */
export class StopCheck {
  readonly rule: StopRule | undefined;
  readonly #batchSize: number;
  #lossCount = 0;
  #reached: string | undefined;

  constructor(rule: StopRule | undefined, batchSize: number) {
    this.rule = rule;
    this.#batchSize = batchSize;
  }

  /** How the rule was met, in a sentence; undefined until then. */
  get reached(): string | undefined {
    return this.#reached;
  }

  /** Whether the rule is met, now or before. */
  update(state: StopState): boolean {
    if (state.trainLoss !== undefined) this.#lossCount += 1;
    if (this.rule && this.#reached === undefined && this.#isMet(this.rule, state)) {
      this.#reached = reachedText(this.rule, state.step, state.probed);
    }
    return this.#reached !== undefined;
  }

  #isMet({ kind, value }: StopRule, { step, elapsedMs, trainLoss, validLoss }: StopState): boolean {
    switch (kind) {
      case 'images':
        return step * this.#batchSize >= value;
      case 'minutes':
        return elapsedMs >= value * 60_000;
      case 'train-loss':
        return trainLoss !== undefined && this.#lossCount >= LEAST_STEPS && trainLoss <= value;
      case 'valid-loss':
        return validLoss !== undefined && validLoss <= value;
      default:
        return kind satisfies never;
    }
  }
}
