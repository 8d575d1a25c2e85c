import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { STYLES_OF_ARM, armStyle } from './palette.ts';

test('sixteen runs of an arm look different, and the next looks like the first', () => {
  for (const ws of [false, true]) {
    const styles = Array.from({ length: STYLES_OF_ARM }, (_, i) => armStyle({ norm: 'bn', ws }, i));
    const lines = new Set(styles.map(({ colour, dash }) => `${colour} ${dash}`));
    expect(lines.size).toBe(16);
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

const NORMS = ['none', 'bn', 'gn'] as const;
const ARMS = NORMS.flatMap((norm) => [false, true].map((ws) => ({ norm, ws })));

test('the six norms differ without colour, in every repeat', () => {
  for (let repeat = 0; repeat < STYLES_OF_ARM; repeat++) {
    const looks = ARMS.map((arm) => {
      const { marker, dash } = armStyle(arm, repeat);
      return `${marker} ${dash}`;
    });
    expect(new Set(looks).size).toBe(ARMS.length);
  }
});

/** The colours of a theme in `tokens.css`, by name. */
function coloursOf(theme: 'light' | 'dark'): ReadonlyMap<string, string> {
  const [light, dark] = readFileSync(new URL('../styles/tokens.css', import.meta.url), 'utf8').split(
    '@media',
  );
  const all = (theme === 'light' ? light! : dark!).matchAll(/--([\w-]+): (#[\da-f]{6})/g);
  return new Map(Array.from(all, ([, name, colour]) => [name!, colour!]));
}

/** Relative luminance. Source: WCAG 2.2. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** CIE lightness, 0 to 100, of a luminance above 0.009. */
function lightness(colour: string): number {
  return 116 * Math.cbrt(luminance(colour)) - 16;
}

test.each(['light', 'dark'] as const)(
  'in the %s theme norms differ in lightness, and all lines show on the surface',
  (theme) => {
    const colours = coloursOf(theme);
    const firsts = NORMS.map((norm) => lightness(colours.get(`series-${norm}-0`)!)).sort((a, b) => a - b);
    // Neighbours on paper that grey printers and eyes without colour vision still tell apart.
    for (let i = 1; i < firsts.length; i++) expect(firsts[i]! - firsts[i - 1]!).toBeGreaterThan(12);
    const surface = luminance(colours.get('surface')!);
    const series = [...colours].filter(([name]) => name.startsWith('series-'));
    expect(series).toHaveLength(12);
    for (const [, colour] of series) {
      const [low, high] = [surface, luminance(colour)].sort((a, b) => a - b) as [number, number];
      expect((high + 0.05) / (low + 0.05)).toBeGreaterThanOrEqual(3);
    }
  },
);
