import { isArmOfGhost } from '#analysis/question.ts';
import { questionById } from '#analysis/questions.ts';
import { armName } from '#domain/experiment.ts';
import { ghostStyle } from '#ui/charts/palette.ts';
import type { GhostPoint } from '#ui/charts/PlotLines.tsx';
import { formatRate } from '#ui/format.ts';
import type { FinderGroup } from './finderGroups.ts';

/**
 * Points of the notebook's finder curves, for the questions behind the drawn finders, as hollow marks. Over L they
 * stand at the notebook's own losses. Over L / L₀, where it has no L₀, they stand at the heights over the lowest of our
 * median: there only their rates are the notebook's.
 */
export function finderGhostPoints(
  groups: readonly FinderGroup[],
  measure: 'loss' | 'relative',
): readonly GhostPoint[] {
  const ids = new Set(groups.flatMap(({ runs }) => runs.flatMap((run) => run.origin?.question?.id ?? [])));
  const finders = [...ids].flatMap((id) => questionById(id)?.finderGhosts ?? []);
  return finders.flatMap((finder) => {
    const group = groups.find(({ experiment }) => isArmOfGhost(finder, experiment));
    const { settings, minimum, above } = finder;
    const lowest = measure === 'loss' ? minimum.loss : lowestOf(group?.band.relative.median);
    if (!group || !Number.isFinite(lowest)) return [];
    const style = ghostStyle(settings);
    const mark = (share: number, rate: number, text: string): GhostPoint => ({
      x: rate,
      y: (1 + share) * lowest,
      ...style,
      name: `notebook ${armName(settings)}`,
      text: `${text} at ${formatRate(rate, 3)}`,
    });
    return [
      mark(0, minimum.rate, `lowest loss ${minimum.loss.toFixed(3)}`),
      ...above.map(({ share, rate }) =>
        mark(share, rate, `${Math.round(100 * share)} % above its lowest loss`),
      ),
    ];
  });
}

function lowestOf(values: ArrayLike<number> | undefined): number {
  return Array.from(values ?? []).reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}
