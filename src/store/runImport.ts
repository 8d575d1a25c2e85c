import type { KeptRun } from '#domain/keptRun.ts';
import { headerEvent, type RunEvent } from './runEvents.ts';

/** The events that a finished log would have of a run. */
export function runLogEvents(run: KeptRun): RunEvent[] {
  const { header, plan, epochs, divergence, layers, result, status, detail } = run;
  return [
    headerEvent(header),
    ...(plan ? [{ type: 'plan', plan } as const] : []),
    ...epochs.map((row) => ({ type: 'epoch', row }) as const),
    ...(divergence ? [{ type: 'diverged', divergence } as const] : []),
    ...(layers ? [{ type: 'layers', layers } as const] : []),
    ...(result ? [{ type: 'result', result } as const] : []),
    { type: 'status', status, detail },
  ];
}
