import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatLoss,
  formatPercent,
  formatRate,
  formatRemaining,
  formatSpeed,
  formatTableNumber,
  formatTick,
} from './format.ts';

describe('format', () => {
  it.each([
    [5e-4, '5e-4'],
    [3.21e-5, '3.2e-5'],
    [0.1, '0.1'],
    [0.01, '0.01'],
    [10, '10'],
    [1e-8, '1e-8'],
    [0.0099, '9.9e-3'],
    [1e5, '1e5'],
    [0, '0'],
  ])('writes the learning rate %s as %s', (value, text) => expect(formatRate(value)).toBe(text));

  it.each([
    [0.508198, '0.508'],
    [12.34, '12.3'],
    [123_456, '1.2e+5'],
    [Number.NaN, 'NaN'],
    [Infinity, 'infinite'],
  ])('writes the loss %s as %s', (value, text) => expect(formatLoss(value)).toBe(text));

  it('writes the epoch table as fastai does', () => {
    expect(formatTableNumber(0.5081984)).toBe('0.508198');
    expect(formatTableNumber(Number.NaN)).toBe('NaN');
    expect(formatClock(185_400)).toBe('3:05');
    expect(formatClock(59_600)).toBe('1:00');
    expect(formatClock(5_810_000)).toBe('1:36:50');
  });

  it.each([
    [3_000, '< 10 s'],
    [42_000, '40 s'],
    [18 * 60_000, '18 min'],
    [125 * 60_000, '2 h 5 min'],
  ])('rounds %d ms left to %s', (milliseconds, text) => expect(formatRemaining(milliseconds)).toBe(text));

  it('writes sizes, shares and speeds', () => {
    expect(formatBytes(170_498_071)).toBe('170.5 MB');
    expect(formatBytes(12)).toBe('12 B');
    expect(formatPercent(0.5423)).toBe('54.2 %');
    expect(formatPercent(Number.NaN)).toBe('–');
    expect([0, 0.25, 2.5, 1e6, 3e-5].map(formatTick)).toEqual(['0', '0.25', '2.5', '1e6', '3e-5']);
    expect(formatSpeed(1234.5)).toBe('1,235');
    expect(formatSpeed(61.4)).toBe('61');
    expect(formatSpeed(0.734)).toBe('0.73');
  });
});
