import type { TrainRecord } from '#client/runRecord.ts';
import { formatCount } from '#ui/format.ts';
import type { Rule } from './PlotLayers.tsx';
import { wallGaps } from './series.ts';
import { xOfStep } from './xUnit.ts';
import type { XUnit } from './xUnit.ts';

/** More of them than this are drawn without words. */
const MOST_NAMED = 4;

/**
 * Where runs went on after a pause or a break, as thin rules; none on the axis of wall-clock time, whose lines break
 * there. Runs of a race that went on together share one.
 */
export function continuations(
  runs: readonly TrainRecord[],
  unit: XUnit,
  nameOf: (run: TrainRecord) => string,
): readonly Rule[] {
  if (unit === 'wall') return [];
  const places = new Map<number, { readonly step: number; readonly runs: TrainRecord[] }>();
  for (const run of runs) {
    for (const step of wallGaps(run)) {
      const x = xOfStep(run, unit, step);
      const place = places.get(x);
      if (place) place.runs.push(run);
      else places.set(x, { step, runs: [run] });
    }
  }
  const isNamed = places.size <= MOST_NAMED;
  return [...places].map(([at, { step, runs: some }]) => {
    const who = some.length === runs.length ? '' : `${some.map(nameOf).join(', ')} `;
    return {
      axis: 'x',
      at,
      label: isNamed ? `${who}continued at step ${formatCount(step + 1)}` : '',
      colour: 'var(--muted)',
      isDashed: true,
    };
  });
}
