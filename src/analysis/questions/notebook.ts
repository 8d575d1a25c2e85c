import type { GhostFinder, GhostRow, GhostRun } from '../question.ts';

/**
 * The epoch rows of the post's notebook. Source: KushajveerSingh/Deep-Learning-Notebooks, the Weight
 * Standardization notebook as first committed (fb478e1, 2019-04-11).
 */
export const NOTEBOOK_NOTE = 'one run, no seed, other hardware, torch 1.0';

type Row = readonly [trainLoss: number, validLoss: number, time: string];

/** 'm:ss' */
function milliseconds(time: string): number {
  const [minutes, seconds] = time.split(':').map(Number) as [number, number];
  return 1000 * (60 * minutes + seconds);
}

function ghost(
  batchSize: number,
  ws: boolean,
  maxLearningRate: number,
  epochs: number,
  total: string,
  rows: readonly Row[],
): GhostRun {
  return {
    label: `notebook ${ws ? 'BN+WS' : 'BN'}, batch ${batchSize}, LR ${maxLearningRate.toExponential()}`,
    settings: { norm: 'bn', ws, batchSize, schedule: 'one-cycle', maxLearningRate, epochs },
    rows: rows.map(([trainLoss, validLoss, time], epoch): GhostRow => ({
      epoch,
      trainLoss,
      validLoss,
      milliseconds: milliseconds(time),
    })),
    total,
    note:
      rows.length < epochs
        ? `${NOTEBOOK_NOTE}; stopped by hand after ${rows.length} of ${epochs} epochs`
        : NOTEBOOK_NOTE,
  };
}

export const notebookBatch64: readonly GhostRun[] = [
  ghost(64, false, 5e-4, 3, '9:15', [
    [1.073306, 1.095837, '3:04'],
    [0.66781, 0.688976, '3:05'],
    [0.389454, 0.508198, '3:05'],
  ]),
  ghost(64, true, 5e-4, 3, '10:31', [
    [1.029879, 1.03303, '3:28'],
    [0.639364, 0.66607, '3:27'],
    [0.367526, 0.504515, '3:34'],
  ]),
];

/** At the rate that was read off the finder. */
export const notebookBatch2: readonly GhostRun[] = [
  ghost(2, false, 5e-5, 3, '55:13', [
    [1.37309, 1.246792, '18:28'],
    [0.918476, 0.802182, '18:21'],
    [0.550664, 0.695172, '18:24'],
  ]),
  ghost(2, true, 5e-5, 3, '1:36:51', [
    [1.307534, 1.201807, '31:50'],
    [0.83578, 0.793317, '31:37'],
    [0.665657, 0.670581, '33:23'],
  ]),
];

/** At twenty times that rate. */
export const notebookBatch2Fast: readonly GhostRun[] = [
  ghost(2, false, 1e-3, 2, '37:23', [
    [1.05656, 0.94875, '18:56'],
    [0.69863, 0.677414, '18:27'],
  ]),
  ghost(2, true, 1e-3, 2, '1:04:50', [
    [1.033272, 0.985062, '33:18'],
    [0.575197, 0.644893, '31:32'],
  ]),
];

/** The two differ in the rate as well, and the second stopped early. */
export const notebookBatch256: readonly GhostRun[] = [
  // Epochs of 2:54 to 2:55; the notebook's total is 29:12.
  ghost(256, false, 1e-2, 10, '29:12', [
    [1.14795, 1.410681, '2:55'],
    [0.889552, 1.472751, '2:55'],
    [0.707213, 0.761191, '2:55'],
    [0.567178, 0.725678, '2:55'],
    [0.431706, 0.672626, '2:55'],
    [0.284887, 0.563302, '2:55'],
    [0.143974, 0.581366, '2:55'],
    [0.040767, 0.668141, '2:55'],
    [0.006895, 0.654571, '2:55'],
    [0.001625, 0.663592, '2:55'],
  ]),
  ghost(256, true, 5e-2, 10, '18:03', [
    [1.192142, 1.239801, '3:00'],
    [0.894016, 0.90009, '3:00'],
    [0.733448, 0.88846, '3:00'],
    [0.617678, 0.726223, '3:00'],
    [0.514812, 0.623703, '3:00'],
    [0.372382, 0.580618, '3:00'],
  ]),
];

type RateAbove = readonly [share: number, rate: number];

function ghostFinder(
  batchSize: number,
  ws: boolean,
  [loss, rate]: readonly [loss: number, rate: number],
  above: readonly RateAbove[],
): GhostFinder {
  return {
    label: `notebook finder ${ws ? 'BN+WS' : 'BN'}, batch ${batchSize}`,
    settings: { norm: 'bn', ws, batchSize },
    minimum: { loss, rate },
    above: above.map(([share, at]) => ({ share, rate: at })),
    note: NOTEBOOK_NOTE,
  };
}

/** Smoothed curves over points 10 to 94 of 100, read off the notebook's pictures to a pixel. */
export const notebookFindersBatch2: readonly GhostFinder[] = [
  ghostFinder(
    2,
    false,
    [2.295, 2.7e-4],
    [
      [0.02, 1.07e-3],
      [0.1, 5.2e-3],
      [0.25, 2.4e-2],
    ],
  ),
  ghostFinder(
    2,
    true,
    [2.283, 2.3e-3],
    [
      [0.02, 3e-3],
      [0.1, 1.07e-2],
      [0.25, 2.7e-2],
    ],
  ),
];

export const notebookFindersBatch256: readonly GhostFinder[] = [
  ghostFinder(256, false, [2.067, 1.3e-2], [[0.1, 1.07]]),
  ghostFinder(256, true, [2.081, 3.4e-2], [[0.1, 1.7]]),
];
