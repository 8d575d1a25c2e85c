import type { PlotKey } from '#ui/charts/PlotKeys.tsx';
import type { GhostPoint } from '#ui/charts/PlotLines.tsx';
import type { ChartView } from './chartRuns.ts';

/**
 * The legend of a picture of a chart.
 * @param isNamed the names of the lines stand at their ends already.
 */
export function chartKeys(
  { groups }: Pick<ChartView, 'groups'>,
  ghosts: readonly GhostPoint[] = [],
  isNamed = false,
): readonly PlotKey[] {
  const lines = groups.map(({ runs, name, style: { colour, dash, marker } }) => ({
    id: runs[0]!.run.id,
    name,
    colour,
    dash,
    marker,
  }));
  return [...(isNamed ? [] : lines), ...ghostKeys(ghosts)];
}

/** The same of hollow marks. */
export function ghostKeys(ghosts: readonly GhostPoint[]): readonly PlotKey[] {
  const keys = ghosts.map(({ name, colour, dash, marker }) => ({
    id: name,
    name,
    colour,
    dash,
    ghost: marker,
  }));
  return [...new Map(keys.map((key) => [key.id, key])).values()];
}

/** The same of a chart that draws every run by itself. */
export function runKeys({ runs, names }: Pick<ChartView, 'runs' | 'names'>): readonly PlotKey[] {
  return runs.map(({ run, style: { colour, dash, marker } }) => ({
    id: run.id,
    name: names.get(run.id) ?? '',
    colour,
    dash,
    marker,
  }));
}
