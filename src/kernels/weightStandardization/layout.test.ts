import { describe, expect, it } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Dispatch } from '#gpu/command.ts';
import { filterGradients, placePartials, standardizeFilters, statisticsSize } from './kernel.ts';

/** Building dispatches touches no GPU: any object serves as a buffer. */
const slice = { buffer: {} as GPUBuffer };
const filters = [
  { offset: 64, fanIn: 27, outChannels: 20, splits: 3 },
  { offset: 640, fanIn: 9, outChannels: 8, splits: 1 },
];
const { places, size } = placePartials(filters);
const standardization = { standardized: slice, statistics: slice };

const dispatches: [string, Dispatch, boolean][] = [
  ['standardize', standardizeFilters(filters, { parameters: slice, ...standardization })[0]!, false],
  [
    'standardize, scaled',
    standardizeFilters(filters, { parameters: slice, ...standardization }, undefined, true)[0]!,
    false,
  ],
  ['filterGradients', filterGradients(places, { partials: slice, gradient: slice })[0]!, true],
  [
    'filterGradients, standardized',
    filterGradients(places, { partials: slice, gradient: slice, standardization })[0]!,
    true,
  ],
];

describe.each(dispatches)('%s', (_, dispatch, hasPartials) => {
  const reflect = new WgslReflect(dispatch.shader.code);

  it('binds what the shader declares, in order', () => {
    const declared = [...reflect.storage, ...reflect.uniforms].sort((a, b) => a.binding - b.binding);
    expect(declared.map((one) => (reflect.uniforms.includes(one) ? 'uniform' : one.access))).toEqual([
      ...dispatch.shader.bindings,
    ]);
    expect(dispatch.bindings).toHaveLength(declared.length);
  });

  it('packs the table of filters where the shader reads it', () => {
    const params = reflect.uniforms[0]!;
    const packed = dispatch.bindings.find((binding) => 'uniform' in binding)!.uniform;
    expect(packed.byteLength).toBe(params.size);
    const members = new Map(params.members!.map((member) => [member.name, member]));
    expect(packed[members.get('count')!.offset / 4]).toBe(2);
    const table = members.get('filters')!;
    const entry = reflect.structs.find(({ name }) => name === 'Filter')!;
    // Twenty channels are five vectors: two workgroups of four. Statistics hold two values per channel.
    const expected = [
      {
        offset: 64,
        fanIn: 27,
        channels: 20,
        firstWorkgroup: 0,
        statistics: 0,
        partials: 0,
        splits: hasPartials ? 3 : 1,
      },
      {
        offset: 640,
        fanIn: 9,
        channels: 8,
        firstWorkgroup: 2,
        statistics: 40,
        partials: hasPartials ? 1664 : 0,
        splits: 1,
      },
    ];
    expected.forEach((want, i) => {
      for (const [name, value] of Object.entries(want)) {
        const { offset } = entry.members.find((member) => member.name === name)!;
        expect([name, packed[(table.offset + i * entry.size + offset) / 4]]).toEqual([name, value]);
      }
    });
    expect(dispatch.workgroups).toEqual([3, 1, 1]);
  });
});

describe('the places of partial sums', () => {
  it('are aligned for binding and do not overlap', () => {
    expect(places.map(({ partialOffset }) => partialOffset)).toEqual([0, 1664]);
    expect(size).toBe(1664 + 128);
    expect(statisticsSize(filters)).toBe(56);
  });

  it('must be aligned to vectors where all channel counts are multiples of four', () => {
    const odd = [{ offset: 2, fanIn: 9, outChannels: 4 }];
    expect(() => standardizeFilters(odd, { parameters: slice, ...standardization })).toThrow(
      'must be multiples of 4',
    );
  });
});
