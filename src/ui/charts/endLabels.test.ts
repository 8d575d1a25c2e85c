import { expect, it } from 'vitest';
import { pushApart } from './PlotLayers.tsx';

it('moves names apart that lie over each other, and leaves those alone that end elsewhere', () => {
  const rows = [
    { px: 100, py: 50, text: '#1 BN' },
    { px: 110, py: 52, text: '#2 BN+WS' },
    { px: 400, py: 53, text: '#3 GN' },
  ];
  pushApart(rows, 200);
  expect(rows.map(({ py }) => py)).toEqual([50, 63, 53]);
  const low = [
    { px: 100, py: 196, text: '#1 BN' },
    { px: 100, py: 198, text: '#2 BN' },
  ];
  pushApart(low, 200);
  expect(low.map(({ py }) => py)).toEqual([187, 200]);
});
