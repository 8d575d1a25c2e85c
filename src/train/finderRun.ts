import type { FinderResult, FinderSettings } from '#domain/run.ts';
import type { StepResults, TrainingEngine } from '#engine/engine.ts';
import { FinderStopRule, suggestLearningRates } from '#optim/lrFinder.ts';
import { finderSchedule } from '#optim/schedules.ts';
import { Pauses } from './pause.ts';
import type { Pausable } from './pause.ts';
import { orderOf } from './plan.ts';
import type { PreparedRun } from './plan.ts';
import type { RunReporter } from './reporter.ts';
import type { PauseSwitch, RunControl } from './runControl.ts';
import { StepLoop } from './stepLoop.ts';
import type { LoopLane } from './stepLoop.ts';
import { StepReport } from './stepReport.ts';
import { LapTimer } from './stopwatch.ts';
import type { Clock } from './stopwatch.ts';

/** What a finder works with; the engine is fresh, and stays the caller's. */
export interface FinderParts {
  readonly engine: TrainingEngine;
  readonly prepared: PreparedRun;
  readonly reporter: RunReporter;
  readonly control: RunControl;
  readonly pauseSwitch: PauseSwitch;
  readonly clock: Clock;
}

/**
 * The learning-rate finder: a ramp of the learning rate on an engine of its own, from the weights that
 * training will start from, over the batches that training will see (from epoch to epoch while the ramp
 * lasts), without evaluation. It shares nothing with a training run, so that it cannot change one.
 *
 * @throws what the engine rejects with; everything recorded before has been reported.
 */
export async function finderRun(parts: FinderParts, settings: FinderSettings): Promise<FinderResult> {
  const { engine, prepared, reporter, control, pauseSwitch, clock } = parts;
  const { plan } = prepared;
  const schedule = finderSchedule(settings);
  const rule = new FinderStopRule(settings.steps);
  const report = new StepReport(reporter, clock);
  const smoothedLosses: number[] = [];
  let reason: FinderResult['reason'] | undefined;
  let elapsedMs = 0;

  const arrived = ({ firstStep, losses }: StepResults, milliseconds: number): 'go' | 'end' => {
    elapsedMs += milliseconds;
    for (const [i, loss] of losses.entries()) {
      const step = firstStep + i;
      const verdict = rule.add(loss);
      const { smoothed } = verdict;
      smoothedLosses.push(smoothed);
      const learningRate = schedule.learningRate[step]!;
      report.add({ loss, smoothed, learningRate, momentum: schedule.momentum[step]!, elapsedMs });
      reason = verdict.reason;
      if (reason) return 'end';
    }
    report.flushWhenDue();
    return 'go';
  };

  try {
    await engine.initialize(prepared.weights);
    engine.setSchedule(schedule);
    if (!control.isStopped) reporter.status('running');
    const lane: LoopLane & Pausable = {
      engine,
      control,
      arrived,
      pausing: () => {
        report.flush();
        reporter.status('paused');
      },
      stepped: () => report.flush(),
      goingOn: () => reporter.status('running'),
    };
    const timer = new LapTimer(clock);
    const pauses = new Pauses(pauseSwitch, timer);
    const loop = new StepLoop([lane], clock, timer);
    const epochs = Math.ceil(settings.steps / plan.stepsPerEpoch);
    for (let epoch = 0; epoch < epochs && loop.lanes.length > 0; epoch++) {
      const from = epoch * plan.stepsPerEpoch;
      engine.setOrder(orderOf(plan, epoch), from);
      await loop.run(from, Math.min(from + plan.stepsPerEpoch, settings.steps), {
        paused: () => pauses.wait(loop.lanes),
        left: async () => undefined,
      });
    }
  } finally {
    report.flush();
  }
  return {
    stoppedAt: Math.max(0, smoothedLosses.length - 1),
    reason: reason ?? 'stopped',
    ...suggestLearningRates(
      schedule.learningRate.slice(0, smoothedLosses.length),
      smoothedLosses,
      settings.steps,
    ),
  };
}
