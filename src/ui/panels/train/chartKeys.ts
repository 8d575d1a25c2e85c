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
  const notebook = new Map(
    ghosts.map(({ name, colour, marker }) => [name, { id: name, name, colour, ghost: marker }] as const),
  );
  return [...(isNamed ? [] : lines), ...notebook.values()];
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
