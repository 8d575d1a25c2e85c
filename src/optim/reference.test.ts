import { expect, test } from 'vitest';
import { scalarAdamW } from './reference.ts';
import type { AdamWForm, ScalarStep } from './reference.ts';

const steps: readonly ScalarStep[] = [
  [0.02, 0.95, 0.1],
  [0.03, 0.94, -0.2],
  [0.04, 0.93, 0.05],
];

test.each<[AdamWForm, readonly number[]]>([
  ['current', [0.979800002, 0.991387455307, 0.996077847073]],
  ['v1', [0.97980002, 0.991387468733, 0.996077858646]],
  ['v2', [0.9798019998, 0.99138870299, 0.996078709854]],
  ['running-product', [0.97980002, 0.99243125191, 0.997905466035]],
])('AdamW, form %s, reproduces the scalar vector of the specification', (form, expected) => {
  scalarAdamW(form, 1, steps).forEach((value, i) =>
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-9),
  );
});
