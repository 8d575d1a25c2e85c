import type { RunStatus } from '#domain/run.ts';
import type { StepResults, TrainingEngine } from '#engine/engine.ts';
import { DivergenceRule } from '#optim/divergence.ts';
import { scheduleTable } from '#optim/schedules.ts';
import { orderOf } from './plan.ts';
import type { PreparedRun } from './plan.ts';
import type { RunReporter } from './reporter.ts';
import type { RunControl } from './runControl.ts';
import { StepLoop } from './stepLoop.ts';
import { StepReport } from './stepReport.ts';
import { Stopwatch } from './stopwatch.ts';
import type { Clock } from './stopwatch.ts';

/** What a run works with; the engine is fresh, and stays the caller's. */
export interface RunParts {
  readonly engine: TrainingEngine;
  readonly prepared: PreparedRun;
  readonly reporter: RunReporter;
  readonly control: RunControl;
  readonly clock: Clock;
}

/**
 * Trains for all epochs, with an evaluation after each.
 *
 * Steps are recorded up to the one that breaks the divergence rule; the engine may have done a few more by
 * then, whose results are dropped.
 *
 * @returns how the run ended.
 * @throws what the engine rejects with; everything recorded before has been reported.
 */
export async function trainingRun(parts: RunParts): Promise<RunStatus> {
  const { engine, prepared, reporter, control, clock } = parts;
  const { plan } = prepared;
  const schedule = scheduleTable(plan.experiment, plan.totalSteps);
  const rule = new DivergenceRule(plan.experiment.batchSize, prepared.engineConfig.network.classes);
  const report = new StepReport(reporter, clock);
  const watch = new Stopwatch(clock);
  const loop = new StepLoop(engine, control, clock);

  const record = ({ firstStep, losses }: StepResults): 'go' | 'end' => {
    const { elapsedMs } = watch;
    for (const [i, loss] of losses.entries()) {
      const step = firstStep + i;
      const learningRate = schedule.learningRate[step]!;
      const { smoothed, reason } = rule.add(loss);
      report.add({ loss, smoothed, learningRate, momentum: schedule.momentum[step]!, elapsedMs });
      if (reason) {
        report.flush();
        reporter.diverged({ step, loss, learningRate, reason });
        return 'end';
      }
    }
    report.flushWhenDue();
    return 'go';
  };

  try {
    await engine.initialize(prepared.weights);
    engine.setSchedule(schedule);
    engine.setOrder(orderOf(plan, 0), 0);
    if (control.isStopped) return 'stopped';
    reporter.status('running');
    watch.start();
    for (let epoch = 0; epoch < plan.experiment.epochs; epoch++) {
      const startedMs = watch.elapsedMs;
      const end = (epoch + 1) * plan.stepsPerEpoch;
      const outcome = await loop.run(end - plan.stepsPerEpoch, end, {
        arrived: record,
        allIssued: () => {
          // While the GPU still computes; the steps already issued keep their order.
          if (end < plan.totalSteps) engine.setOrder(orderOf(plan, epoch + 1), end);
        },
        paused: () => pause(parts, watch, report),
      });
      report.flush();
      if (outcome === 'ended') return 'diverged';
      // An evaluation may take minutes: a pause asked for during the last steps comes before it.
      if (control.isPaused) await pause(parts, watch, report);
      if (control.isStopped) return 'stopped';
      const evaluation = await evaluate(parts);
      if (!evaluation) return 'stopped';
      reporter.epoch({
        epoch,
        step: end,
        trainLoss: rule.smoothed,
        validLoss: evaluation.loss,
        accuracy: evaluation.accuracy,
        milliseconds: watch.elapsedMs - startedMs,
      });
    }
    return 'finished';
  } finally {
    report.flush();
  }
}

/** Waits out a pause, during which the run's time stands still. */
export async function pause(
  { reporter, control }: RunParts,
  watch: Stopwatch,
  report: StepReport,
): Promise<void> {
  watch.stop();
  report.flush();
  reporter.status('paused');
  await control.whenAwake();
  if (!control.isStopped) reporter.status('running');
  watch.start();
}

/** Loss and accuracy over the validation images; undefined when the user stopped the run meanwhile. */
async function evaluate({
  engine,
  prepared,
  reporter,
  control,
}: RunParts): Promise<{ loss: number; accuracy: number } | undefined> {
  const { validCount } = prepared.plan;
  reporter.validating(0, validCount);
  try {
    const evaluation = await engine.evaluate('valid', validCount, control.signal);
    reporter.validating(validCount, validCount);
    return evaluation;
  } catch (error) {
    if (control.isStopped && error instanceof Error && error.name === 'AbortError') return undefined;
    throw error;
  }
}
