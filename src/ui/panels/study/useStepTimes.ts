import { useClientState, useRuns } from '#ui/state/client.ts';
import { measuredBytes, stepTimes } from '#ui/studyCost.ts';
import type { StepTimes, TrainingBytes } from '#ui/studyCost.ts';

/** What is known of the time of a step on this device, from runs and measurements. */
export function useStepTimes(): StepTimes {
  const runs = useRuns();
  const reports = useClientState((state) => state.measurement.reports);
  const device = useClientState((state) =>
    state.connection.status === 'ready' ? state.connection.device.title : undefined,
  );
  return stepTimes(runs, reports, device);
}

/** What is known of the memory of a training on this device, from measurements. */
export function useMeasuredBytes(): TrainingBytes {
  return measuredBytes(useClientState((state) => state.measurement.reports));
}
