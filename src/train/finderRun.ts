import type { FinderResult, FinderSettings } from '#domain/run.ts';
import type { StepResults } from '#engine/engine.ts';
import { FinderStopRule, suggestLearningRates } from '#optim/lrFinder.ts';
import { finderSchedule } from '#optim/schedules.ts';
import { orderOf } from './plan.ts';
import { StepLoop } from './stepLoop.ts';
import { StepReport } from './stepReport.ts';
import { Stopwatch } from './stopwatch.ts';
import { pause } from './trainingRun.ts';
import type { RunParts } from './trainingRun.ts';

/**
 * The learning-rate finder: a ramp of the learning rate on an engine of its own, from the weights that
 * training will start from, over the batches that training will see (from epoch to epoch while the ramp
 * lasts), without evaluation. It shares nothing with a training run, so that it cannot change one.
 *
 * @throws what the engine rejects with; everything recorded before has been reported.
 */
export async function finderRun(parts: RunParts, settings: FinderSettings): Promise<FinderResult> {
  const { engine, prepared, reporter, control, clock } = parts;
  const { plan } = prepared;
  const schedule = finderSchedule(settings);
  const rule = new FinderStopRule(settings.steps);
  const report = new StepReport(reporter, clock);
  const watch = new Stopwatch(clock);
  const loop = new StepLoop(engine, control, clock);
  const smoothedLosses: number[] = [];
  let reason: FinderResult['reason'] | undefined;

  const record = ({ firstStep, losses }: StepResults): 'go' | 'end' => {
    const { elapsedMs } = watch;
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
    watch.start();
    const epochs = Math.ceil(settings.steps / plan.stepsPerEpoch);
    for (let epoch = 0; epoch < epochs; epoch++) {
      const from = epoch * plan.stepsPerEpoch;
      engine.setOrder(orderOf(plan, epoch), from);
      const outcome = await loop.run(from, Math.min(from + plan.stepsPerEpoch, settings.steps), {
        arrived: record,
        paused: () => pause(parts, watch, report),
      });
      if (outcome !== 'done') break;
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
