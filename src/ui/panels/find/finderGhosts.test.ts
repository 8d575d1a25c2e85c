import { expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import { finderRun, metricsOf } from '#client/runRecord.fixtures.ts';
import type { FinderRecord } from '#client/runRecord.ts';
import { finderGhostPoints } from './finderGhosts.ts';
import { finderSets } from './finderGroups.ts';

const study = questionById('P2')!.sizes.quick.studies[0]!;

/** A finder of an arm of P2 whose loss stays at 2. */
function finder(arm: number, id: string = 'P2'): FinderRecord {
  const question = { id, size: 'quick' } as const;
  const origin = { studyId: 's', studyTitle: 's', arm, mode: 'queue', question } as const;
  const losses = Array.from({ length: 90 }, () => 2);
  return finderRun({ id: String(arm), origin, experiment: study.arms[arm]!, metrics: metricsOf(losses) });
}

it('marks the points of the notebook’s curves at its losses, or at the heights over ours', () => {
  const [set] = finderSets([finder(0), finder(1)]);
  const points = finderGhostPoints(set!.groups, 'loss');
  expect(points.map(({ name, x }) => [name, x])).toEqual([
    ['notebook BN', 2.7e-4],
    ['notebook BN', 1.07e-3],
    ['notebook BN', 5.2e-3],
    ['notebook BN', 2.4e-2],
    ['notebook BN+WS', 2.3e-3],
    ['notebook BN+WS', 3e-3],
    ['notebook BN+WS', 1.07e-2],
    ['notebook BN+WS', 2.7e-2],
  ]);
  expect(points[2]!.dash).not.toBe(points[6]!.dash);
  expect(points[2]).toMatchObject({ text: '10 % above its lowest loss at 5.2e-3' });
  expect(points[2]!.y).toBeCloseTo(1.1 * 2.295, 9);
  // Our L / L₀ is 1 throughout.
  expect(finderGhostPoints(set!.groups, 'relative')[2]).toMatchObject({
    x: 5.2e-3,
    y: expect.closeTo(1.1, 6),
  });
});

it('marks nothing beside finders of other questions, or of none', () => {
  const alone = [0, 1].map((arm) => ({ ...finder(arm), origin: undefined }));
  for (const finders of [[finder(0, 'P12'), finder(1, 'P12')], alone]) {
    expect(finderGhostPoints(finderSets(finders)[0]!.groups, 'loss')).toEqual([]);
  }
});
