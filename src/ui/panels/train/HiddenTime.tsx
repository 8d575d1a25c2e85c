import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { hiddenSpeed } from '#ui/charts/hiddenTime.ts';
import { formatClock, formatSpeed } from '#ui/format.ts';
import { runLabel } from '#ui/runText.ts';

/** How fast a run was while nobody saw the page, beside how fast it was else: browsers may slow down what is hidden. */
export function HiddenTime({ run }: { run: TrainRecord }): ReactNode {
  const speed = hiddenSpeed(run);
  if (!speed) return null;
  const { hiddenMs, hidden, visible } = speed;
  const rates = [
    hidden === undefined ? '' : `${formatSpeed(hidden)} steps/s`,
    hidden === undefined || visible === undefined
      ? ''
      : `${Math.round((100 * hidden) / visible)} % of the ${formatSpeed(visible)} steps/s while it was visible`,
  ].filter((text) => text !== '');
  return (
    <p className="field-help hidden-time">
      {`The page was hidden for ${formatClock(hiddenMs)} of ${runLabel(run)}${rates.length > 0 ? `: ${rates.join(', ')}` : ''}.`}
    </p>
  );
}
