import type { Evaluation } from '#engine/engine.ts';
import { JointStates } from './jointStates.ts';
import type { Lane } from './lane.ts';
import { Pauses } from './pause.ts';
import { orderOf, probeSteps } from './plan.ts';
import type { PauseSwitch } from './runControl.ts';
import { StepLoop } from './stepLoop.ts';
import type { StepLoopHooks } from './stepLoop.ts';
import { LapTimer } from './stopwatch.ts';
import type { Clock } from './stopwatch.ts';

/**
 * Trains runs that see the same batches, one or several: they take the same steps in turn, for all epochs, with
 * an evaluation of each after every epoch. A run that diverges or is stopped drops out; the others go on.
 *
 * Steps are recorded up to the one that breaks the divergence rule; the engine may have done a few more by
 * then, whose results are dropped.
 *
 * @param lanes begin at the same step, and end at the same.
 * @throws what an engine rejects with; everything recorded before has been reported.
 */
export async function raceRun(lanes: readonly Lane[], pauseSwitch: PauseSwitch, clock: Clock): Promise<void> {
  const [first] = lanes;
  if (!first) return;
  const { plan } = first.prepared;
  const { stepsPerEpoch, totalSteps } = plan;
  for (const lane of lanes) await lane.start();
  const timer = new LapTimer(clock);
  const pauses = new Pauses(pauseSwitch, timer);
  const loop = new StepLoop(lanes, clock, timer);
  const setOrder = (epoch: number): void => {
    const order = orderOf(plan, epoch);
    for (const { engine } of loop.lanes) engine.setOrder(order, epoch * stepsPerEpoch);
  };
  // An evaluation may take minutes: a pause asked for during the last steps comes before it.
  const untilGoing = async (lane: Lane): Promise<void> => {
    while (pauses.holdsBack && !lane.control.isStopped) await pauses.wait(loop.lanes);
  };
  const states = new JointStates(() => loop.lanes);
  const hooks = (epoch: number, isToItsEnd = true): StepLoopHooks<Lane> => ({
    issued: (lane, step) => states.issued(lane, step),
    allIssued: () => {
      // While the GPU still computes; the steps already issued keep their order.
      if (isToItsEnd && (epoch + 1) * stepsPerEpoch < totalSteps) setOrder(epoch + 1);
    },
    paused: () => pauses.wait(loop.lanes),
    left: (lane, why) => lane.end(why === 'ended' ? 'diverged' : 'stopped'),
  });

  const { firstStep, lastStep } = first;
  // One that was cut off between the evaluations of an epoch has rows of some runs: all are evaluated again.
  const firstEpoch = Math.min(...lanes.map((lane) => lane.firstEpoch));
  if (firstStep < totalSteps) setOrder(Math.floor(firstStep / stepsPerEpoch));
  for (let epoch = firstEpoch; epoch < plan.experiment.epochs && loop.lanes.length > 0; epoch++) {
    const end = (epoch + 1) * stepsPerEpoch;
    const last = Math.min(end, lastStep);
    let from = Math.max(firstStep, end - stepsPerEpoch);
    for (const step of probeSteps(plan, epoch).filter((one) => one > from && one < last)) {
      const inside = hooks(epoch, false);
      await loop.run(from, step, inside);
      from = step;
      for (const lane of loop.lanes.filter(({ isProbed }) => isProbed)) {
        await untilGoing(lane);
        if (lane.control.isStopped || !(await lane.probe())) await loop.remove(lane, 'stopped', inside);
      }
      timer.skip();
    }
    await loop.run(from, last, hooks(epoch));
    // In the middle of an epoch there is nothing to evaluate.
    if (end > lastStep) break;
    const evaluations = new Map<Lane, Evaluation>();
    for (const lane of loop.lanes) {
      await untilGoing(lane);
      const evaluation = lane.control.isStopped ? undefined : await lane.evaluate(epoch, timer);
      if (evaluation) evaluations.set(lane, evaluation);
      else await loop.remove(lane, 'stopped', hooks(epoch));
    }
    const going = [...evaluations];
    for (const [i, [lane, own]] of going.entries()) {
      for (const [before, other] of going.slice(0, i)) {
        lane.comparePaired(epoch, own, lanes.indexOf(before), other);
      }
    }
  }
  for (const lane of loop.lanes) await lane.end(lastStep < totalSteps ? 'stopped' : 'finished');
}
