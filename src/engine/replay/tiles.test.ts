import { describe, expect, test } from 'vitest';
import { resnet18 } from '#domain/resnet.ts';
import { defaultVariant } from '#kernels/conv2d/variants.ts';
import { tilesHash } from './tiles.ts';
import { defaultTunings, tunedParts, tuningName, type TunedRun, type Tunings } from './tunings.ts';

const network = resnet18({ width: 4, stemPadding: 1, classes: 10 });
const run = (norm: TunedRun['norm'], ws = false): TunedRun => ({
  network,
  batchSize: 2,
  norm,
  ws,
  optimizer: 'adamw',
});
const RUNS = [run('bn'), run('bn', true), run('gn'), run('gn', true), run('none'), run('none', true)];
/** One name for all convolutions. */
const withTile = (tunings: Tunings, name: string): Tunings => ({
  ...tunings,
  conv: (pass, shape) => ({ ...defaultVariant(pass, shape, false), name }),
});

describe.each([
  ['a card', false],
  ['a software adapter', true],
])('the hash on %s', (_, isFallback) => {
  const defaults = defaultTunings(isFallback);

  test('by default is what states were kept with before anything but tiles was chosen', () => {
    for (const each of RUNS)
      expect(tilesHash(each, withTile(defaults, 'a tile'), isFallback)).toBe('4d5bd79e');
  });

  test('tells tiles apart, and every tuning that a run computes with', () => {
    for (const each of RUNS) {
      const hashes = [
        tilesHash(each, defaults, isFallback),
        tilesHash(each, withTile(defaults, 'a'), isFallback),
      ];
      for (const { part, candidates } of tunedParts(each)) {
        const others = candidates.filter(
          (candidate) => tuningName(part, candidate) !== tuningName(part, defaults),
        );
        hashes.push(...others.map((other) => tilesHash(each, { ...defaults, ...other }, isFallback)));
      }
      expect(hashes.length).toBeGreaterThan(8);
      expect(new Set(hashes).size).toBe(hashes.length);
    }
  });
});

test('what a run does not compute with leaves its hash alone', () => {
  const defaults = defaultTunings(false);
  const hash = tilesHash(run('bn', true), defaults, false);
  for (const other of [{ optimizer: { lanes: 256, vectors: 1 } }, { relu: { lanes: 256, vectors: 1 } }]) {
    expect(tilesHash(run('bn', true), { ...defaults, ...other }, false)).toBe(hash);
    expect(tilesHash(run('none'), { ...defaults, ...other }, false)).not.toBe(hash);
  }
});

test('the default of a card comes first among the candidates, and all have names of their own', () => {
  const defaults = defaultTunings(false);
  for (const each of RUNS) {
    for (const { part, candidates } of tunedParts(each)) {
      const names = candidates.map((candidate) => tuningName(part, candidate));
      expect(names[0]).toBe(tuningName(part, defaults));
      expect(new Set(names).size).toBe(names.length);
    }
  }
});

test('names of choices differ between runs that share no kernel or size', () => {
  const keys = [
    ...RUNS,
    { ...run('bn', true), optimizer: 'sgd' as const },
    { ...run('bn'), batchSize: 4 },
  ].map((each) => tunedParts(each).map(({ key }) => key));
  expect(keys).toMatchInlineSnapshot(`
    [
      [
        "bn n2 32x32x4",
        "filter sums n2 32x32x4",
        "adamw 32x32x4",
        "head 10 n2 32x32x4",
      ],
      [
        "bn n2 32x32x4",
        "ws adamw n2 32x32x4",
        "head 10 n2 32x32x4",
      ],
      [
        "gn n2 32x32x4",
        "filter sums n2 32x32x4",
        "adamw 32x32x4",
        "head 10 n2 32x32x4",
      ],
      [
        "gn n2 32x32x4",
        "ws adamw n2 32x32x4",
        "head 10 n2 32x32x4",
      ],
      [
        "relu n2 32x32x4",
        "filter sums n2 32x32x4",
        "adamw 32x32x4",
        "head 10 n2 32x32x4",
      ],
      [
        "relu n2 32x32x4",
        "ws adamw n2 32x32x4",
        "head 10 n2 32x32x4",
      ],
      [
        "bn n2 32x32x4",
        "ws sgd n2 32x32x4",
        "head 10 n2 32x32x4",
      ],
      [
        "bn n4 32x32x4",
        "filter sums n4 32x32x4",
        "adamw 32x32x4",
        "head 10 n4 32x32x4",
      ],
    ]
  `);
});
