import { expect, test } from 'vitest';
import { chosenChart, showsChart } from './oneChart.ts';

test('one chart is shown on a narrow screen: the chosen one, or the first where the tab lacks it', () => {
  expect(chosenChart(['loss', 'accuracy'], 'accuracy')).toBe('accuracy');
  expect(chosenChart(['loss', 'accuracy'], 'momentum')).toBe('loss');
  expect(showsChart({ shown: 'loss', options: [] }, 'accuracy')).toBe(false);
  expect(showsChart({ shown: undefined, options: [] }, 'accuracy')).toBe(true);
});
