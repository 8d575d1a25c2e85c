import { armName, NORMS } from '#domain/experiment.ts';
import type { Experiment } from '#domain/experiment.ts';
import { formatCount } from '#ui/format.ts';
import { partOfView } from '#ui/panels/train/chartRuns.ts';
import type { ChartGroup, ChartView } from '#ui/panels/train/chartRuns.ts';

export type Split = 'none' | 'batch' | 'norm';

/** What a panel has in common, by the way the runs are split. */
export const panelsBy: Readonly<
  Record<Split, { readonly label: string; readonly of: (experiment: Experiment) => string }>
> = {
  none: { label: 'One chart', of: () => 'Loss' },
  batch: { label: 'By batch size', of: ({ batchSize }) => `Loss at batch ${formatCount(batchSize)}` },
  norm: { label: 'By normalization', of: ({ norm }) => `Loss of ${armName({ norm, ws: false })}` },
};

/** Ways to split the runs of a view: those that make more than one panel, and none. */
export function splitsOf({ groups }: Pick<ChartView, 'groups'>): readonly Split[] {
  return (['none', 'batch', 'norm'] as const).filter(
    (split) =>
      split === 'none' ||
      new Set(groups.map(({ runs }) => panelsBy[split].of(runs[0]!.run.experiment))).size > 1,
  );
}

interface Panel {
  readonly title: string;
  readonly panel: ChartView;
  /** Arms that are left out. */
  readonly moreCount: number;
}

/** The parts of a view, by rising batch size or from no normalization on; the newest arms where there are too many. */
export function panelsOf(view: ChartView, split: Exclude<Split, 'none'>, limit: number): readonly Panel[] {
  const experimentOf = ({ runs }: ChartGroup): Experiment => runs[0]!.run.experiment;
  const rank = (group: ChartGroup): number =>
    split === 'batch' ? experimentOf(group).batchSize : NORMS.indexOf(experimentOf(group).norm);
  const parts = new Map<string, ChartGroup[]>();
  for (const group of view.groups.toSorted((a, b) => rank(a) - rank(b))) {
    const title = panelsBy[split].of(experimentOf(group));
    parts.set(title, [...(parts.get(title) ?? []), group]);
  }
  return [...parts].map(([title, all]) => {
    const groups = all.slice(Math.max(0, all.length - limit));
    return { title, panel: partOfView(view, groups), moreCount: all.length - groups.length };
  });
}
