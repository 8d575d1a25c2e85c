import type { RunStatus } from '#domain/run.ts';
import { stepsOfRule } from '#domain/runOptions.ts';
import type { RunEnder, RunOptions } from '#domain/runOptions.ts';
import type { Evaluation, ScheduleTable, StepResults, TrainingEngine } from '#engine/engine.ts';
import { DivergenceRule } from '#optim/divergence.ts';
import { scheduleTable } from '#optim/schedules.ts';
import type { Pausable } from './pause.ts';
import type { PreparedRun } from './plan.ts';
import type { RunReporter, StateKeeper } from './reporter.ts';
import type { RunControl } from './runControl.ts';
import { prepareEngine } from './startPoint.ts';
import type { StartPoint } from './startPoint.ts';
import { StateSaver } from './stateSaver.ts';
import type { Progress } from './stateSaver.ts';
import type { LoopLane } from './stepLoop.ts';
import { StepReport } from './stepReport.ts';
import { StopCheck } from './stopCheck.ts';
import type { Clock, LapTimer } from './stopwatch.ts';
import { epochRow, meanWithError, PROBE_IMAGES, probeRow, validated } from './validation.ts';

/** What a training run works with; the engine is fresh. */
export interface LaneParts {
  readonly engine: TrainingEngine;
  readonly prepared: PreparedRun;
  readonly reporter: RunReporter;
  readonly control: RunControl;
  /** Absent: no state is kept. */
  readonly keeper: StateKeeper | undefined;
  /** Absent: the run begins with its initial weights. */
  readonly from: StartPoint | undefined;
  /** Steps after which it stops; absent: all. */
  readonly stopAfter: number | undefined;
  readonly options: RunOptions | undefined;
  readonly clock: Clock;
  /** Disposes the engine, which is not used any more. */
  release(): void;
}

/**
 * One training run: records its steps, applies the divergence rule, evaluates, keeps states and ends. A race
 * has several side by side.
 */
export class Lane implements LoopLane, Pausable {
  readonly engine: TrainingEngine;
  readonly control: RunControl;
  readonly prepared: PreparedRun;
  /** First step to take, and first epoch without a row. */
  readonly firstStep: number;
  readonly firstEpoch: number;
  /** Steps done at its end. */
  readonly lastStep: number;
  readonly #parts: LaneParts;
  readonly #schedule: ScheduleTable;
  readonly #rule: DivergenceRule;
  /**
   * A run from a state of before does not know what its gradients were in its first steps. Where they are clipped, one
   * that explodes does no harm.
   */
  readonly #seesGradients: boolean;
  readonly #report: StepReport;
  readonly #saver: StateSaver | undefined;
  #stop: StopCheck;
  #progress: Progress;
  #divergedAt: number | undefined;
  /** Step after which it was validated last. */
  #validatedAt: number | undefined;
  #status: RunStatus | undefined;
  #isReleased = false;

  constructor(parts: LaneParts) {
    const { engine, control, prepared, reporter, keeper, from, clock, options } = parts;
    const { plan, engineConfig } = prepared;
    const { batchSize } = plan.experiment;
    this.#parts = parts;
    this.engine = engine;
    this.control = control;
    this.prepared = prepared;
    this.#schedule = scheduleTable(plan.experiment, plan.totalSteps);
    const gradients = from?.state.gradients;
    this.#seesGradients = (!from || gradients !== undefined) && plan.experiment.gradientClip === undefined;
    this.#rule = new DivergenceRule(
      batchSize,
      engineConfig.network.classes,
      from?.kind === 'fork' ? gradients && { ...gradients, last: [] } : gradients,
    );
    this.firstStep = from?.state.step ?? 0;
    this.firstEpoch =
      from?.kind === 'resume'
        ? // The state may be from the end of an epoch that was not evaluated any more.
          Math.max(from.nextEpoch, Math.ceil(this.firstStep / plan.stepsPerEpoch) - 1)
        : Math.floor(this.firstStep / plan.stepsPerEpoch);
    this.#report = new StepReport(reporter, clock, this.firstStep);
    this.#progress = {
      step: this.firstStep,
      elapsedMs: from?.kind === 'resume' ? from.state.elapsedMs : 0,
      epochStartedMs: from?.kind === 'resume' ? from.state.epochStartedMs : 0,
    };
    this.#saver = keeper && new StateSaver(engine, keeper, plan.stepsPerEpoch, this.#progress);
    this.#stop = new StopCheck(options?.stopRule, batchSize);
    // A run that goes on beyond what its rule has ended does so without it.
    if (from?.kind === 'resume' && this.#recall(from)) this.#stop = new StopCheck(undefined, batchSize);
    // So does a fork that begins where the rule has ended the run before it.
    const ruleStep = stepsOfRule(options?.stopRule, batchSize);
    if (ruleStep !== undefined && from?.kind === 'fork' && ruleStep <= this.firstStep) {
      this.#stop = new StopCheck(undefined, batchSize);
    }
    this.lastStep = Math.min(
      plan.totalSteps,
      parts.stopAfter ?? plan.totalSteps,
      stepsOfRule(this.#stop.rule, batchSize) ?? plan.totalSteps,
    );
  }

  /** How the run ended; undefined while it goes on. */
  get status(): RunStatus | undefined {
    return this.#status;
  }

  /** Sets the engine up for the first step. */
  async start(): Promise<void> {
    const { prepared, from, reporter } = this.#parts;
    const forked = await prepareEngine(this.engine, prepared, from);
    this.engine.setSchedule(this.#schedule);
    // The state of another run may be gone by the time that this one has to be resumed.
    if (forked) this.#saver?.keep({ ...this.#reached(), ...forked });
    if (!this.control.isStopped) reporter.status('running');
  }

  /** Whether its state after `step` steps, all of which are issued, is due; undefined where none can be taken now. */
  isStateDue(step: number): boolean | undefined {
    if (this.control.takeStateRequest()) this.#saver?.want();
    return this.#saver?.isFree ? this.#saver.isDue(step, this.#progress.elapsedMs) : undefined;
  }

  /** Keeps the state after `step` steps; only where `isStateDue` has said that it can be taken. */
  keepState(step: number): void {
    this.#saver?.take(step);
  }

  arrived({ firstStep, losses, gradientNorms }: StepResults, milliseconds: number): 'go' | 'end' {
    this.#spend(milliseconds);
    const { elapsedMs } = this.#progress;
    for (const [i, loss] of losses.entries()) {
      const step = firstStep + i;
      const learningRate = this.#schedule.learningRate[step]!;
      const { smoothed, reason } = this.#rule.add(loss, this.#seesGradients ? gradientNorms?.[i] : undefined);
      this.#stop.update({ step: step + 1, elapsedMs, trainLoss: smoothed });
      this.#report.add({ loss, smoothed, learningRate, momentum: this.#schedule.momentum[step]!, elapsedMs });
      if (reason) {
        this.#divergedAt = step;
        this.#report.flush();
        this.#parts.reporter.diverged({ step, loss, learningRate, reason });
        return 'end';
      }
    }
    this.#progress = { ...this.#progress, step: firstStep + losses.length };
    this.#report.flushWhenDue();
    this.#tellSaver();
    this.#stopIfReached();
    return 'go';
  }

  pausing(): void {
    this.#report.flush();
    this.#parts.reporter.status('paused');
    // Its engine is idle. A device that fails here fails the next step too.
    this.#saver?.keepNow(this.#reached()).catch(() => undefined);
  }

  stepped(): void {
    this.#report.flush();
  }

  goingOn(): void {
    this.#parts.reporter.status('running');
  }

  /**
   * Loss and accuracy over the validation images, reported as the row of `epoch` unless that is there already;
   * undefined when the user stopped the run meanwhile.
   */
  async evaluate(epoch: number, timer: LapTimer): Promise<Evaluation | undefined> {
    const { reporter, prepared } = this.#parts;
    const { validCount } = prepared.plan;
    this.#report.flush();
    timer.skip();
    reporter.validating(0, validCount);
    const evaluation = await validated(this.engine, validCount, this.control.signal);
    if (!evaluation) return undefined;
    reporter.validating(validCount, validCount);
    this.#spend(timer.lap());
    const { step, elapsedMs } = this.#progress;
    if (epoch >= this.firstEpoch) {
      reporter.epoch(epochRow(epoch, this.#progress, this.#rule.smoothed, evaluation));
    }
    this.#progress = { step, elapsedMs, epochStartedMs: elapsedMs };
    this.#validatedAt = step;
    this.#tellSaver();
    this.#stop.update({ step, elapsedMs, validLoss: evaluation.loss });
    this.#stopIfReached();
    return evaluation;
  }

  /** Whether validation is probed inside long epochs. */
  get isProbed(): boolean {
    return this.#parts.options?.probes !== 'none';
  }

  /**
   * Reports loss and accuracy over the first validation images, which is no time of the run, and may end it.
   * @returns false when it was given up because of a stop.
   */
  async probe(signal = this.control.signal): Promise<boolean> {
    const { reporter, prepared } = this.#parts;
    this.#report.flush();
    const evaluation = await validated(this.engine, Math.min(PROBE_IMAGES, prepared.plan.validCount), signal);
    if (!evaluation) return false;
    const { step, elapsedMs } = this.#progress;
    reporter.probe(probeRow(step, evaluation));
    this.#validatedAt = step;
    this.#stop.update({ step, elapsedMs, validLoss: evaluation.loss, probed: evaluation.count });
    this.#stopIfReached();
    return true;
  }

  /**
   * Reports the differences of the losses of single images to those of another lane.
   * @param baseline its place in the race.
   */
  comparePaired(epoch: number, own: Evaluation, baseline: number, other: Evaluation): void {
    if (!own.losses || !other.losses) return;
    const others = other.losses;
    const differences = own.losses.map((loss, i) => loss - others[i]!);
    this.#parts.reporter.paired({ epoch, baseline, ...meanWithError(differences) });
  }

  /**
   * Ends the run: takes what is still to be had from the engine, reports the end and frees the engine. A stop is
   * reported first: whoever asked for it need not wait for what is read back. One that a rule has ended is
   * validated once more. States may still be being written, see `settled`.
   */
  async end(status: 'finished' | 'stopped' | 'diverged'): Promise<void> {
    const { reporter } = this.#parts;
    this.#report.flush();
    const { reached } = this.#stop;
    if (status === 'stopped' && reached === undefined) this.#reportEnd(status);
    if (status === 'stopped' && reached !== undefined && this.#validatedAt !== this.#progress.step) {
      await this.probe(this.control.userSignal);
    }
    if (this.#divergedAt !== undefined) this.#saver?.diverged(this.#divergedAt);
    // Together: each waits for the GPU, which other runs may keep busy.
    const [layers] = await Promise.all([
      this.engine.layerHistory?.(),
      this.#divergedAt === undefined ? this.#saver?.keepNow(this.#reached()) : undefined,
    ]);
    if (layers && layers.steps.length > 0) reporter.layers(layers);
    if (status === 'stopped' && reached !== undefined) this.#reportEnd(status, reached, 'rule');
    else this.#reportEnd(status);
    this.#release();
  }

  /**
   * Ends the run after an error, unless it has ended before. One whose stop was reported stays stopped, and says that
   * what was still to be read back is lost.
   */
  fail(status: 'interrupted' | 'failed', detail: string): void {
    if (this.#isReleased) return;
    this.#report.flush();
    if (this.#status) this.#parts.reporter.status(this.#status, `Its last state was not kept: ${detail}`);
    else this.#reportEnd(status, detail);
    this.#release();
  }

  /** Resolves when no state is being written any more. */
  async settled(): Promise<void> {
    await this.#saver?.settled();
  }

  #release(): void {
    this.#isReleased = true;
    this.#parts.release();
  }

  /** Once. */
  #reportEnd(status: RunStatus, detail?: string, endedBy?: RunEnder): void {
    if (this.#status) return;
    this.#status = status;
    this.#parts.reporter.status(status, detail, endedBy);
  }

  /** Takes up what the run recorded before. @returns whether that has met its stop rule. */
  #recall({ state, losses, validLoss = Number.NaN }: StartPoint & { readonly kind: 'resume' }): boolean {
    const { step, elapsedMs } = state;
    for (const [i, loss] of losses.entries()) {
      const { smoothed } = this.#rule.add(loss);
      this.#stop.update({ step: step - losses.length + i + 1, elapsedMs: 0, trainLoss: smoothed });
    }
    return this.#stop.update({ step, elapsedMs, validLoss });
  }

  /** Ends the run as a stop does: what is in flight is still recorded. A number of steps ends it by itself. */
  #stopIfReached(): void {
    if (this.#stop.reached !== undefined && this.#progress.step < this.lastStep) this.control.stopByRule();
  }

  #spend(milliseconds: number): void {
    this.#progress = { ...this.#progress, elapsedMs: this.#progress.elapsedMs + milliseconds };
  }

  #tellSaver(): void {
    this.#saver?.recorded(this.#reached());
  }

  /** Where the run is, with all that its state needs besides the engine's. */
  #reached(): Progress {
    return this.#seesGradients ? { ...this.#progress, gradients: this.#rule.gradients } : this.#progress;
  }
}
