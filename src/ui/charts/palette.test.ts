import { expect, test } from 'vitest';
import { STYLES_OF_ARM, armStyle } from './palette.ts';

test('sixteen runs of an arm look different, and the next looks like the first', () => {
  for (const ws of [false, true]) {
    const styles = Array.from({ length: STYLES_OF_ARM }, (_, i) => armStyle({ norm: 'bn', ws }, i));
    const lines = new Set(styles.map(({ colour, dash }) => `${colour} ${dash}`));
    const marks = new Set(styles.map(({ colour, marker }) => `${colour} ${marker}`));
    expect([lines.size, marks.size]).toEqual([16, 16]);
    expect(armStyle({ norm: 'bn', ws }, STYLES_OF_ARM)).toBe(styles[0]);
  }
});

test('dashes say Weight Standardization in every run of an arm', () => {
  for (let i = 0; i < STYLES_OF_ARM; i++) {
    expect(armStyle({ norm: 'gn', ws: true }, i).dash).toMatch(/^6 3/);
    expect(armStyle({ norm: 'gn', ws: true, wsGain: 'scaled' }, i).dash).toMatch(/^3 3/);
    expect(armStyle({ norm: 'gn', ws: false }, i).dash ?? '16').toMatch(/^16/);
  }
});
