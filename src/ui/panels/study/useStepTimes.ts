import { useClientState, useRuns } from '#ui/state/client.ts';
import { stepTimes } from '#ui/studyCost.ts';
import type { StepTimes } from '#ui/studyCost.ts';

/** What is known of the time of a step on this device, from runs and measurements. */
export function useStepTimes(): StepTimes {
  const runs = useRuns();
  const reports = useClientState((state) => state.measurement.reports);
  const device = useClientState((state) =>
    state.connection.status === 'ready' ? state.connection.device.title : undefined,
  );
  return stepTimes(runs, reports, device);
}
