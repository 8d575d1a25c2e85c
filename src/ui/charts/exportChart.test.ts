import { describe, expect, it } from 'vitest';
import { legendMarkup, serializeNode, svgDocument } from './exportChart.ts';
import type { ChartNode } from './exportChart.ts';

function node(
  tagName: string,
  attributes: Record<string, string> = {},
  childNodes: ChartNode['childNodes'] = [],
): ChartNode {
  return {
    tagName,
    childNodes,
    attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
  };
}

const styleOf = () => (property: string) => ({ stroke: 'rgb(0, 114, 178)', fill: 'none' })[property] ?? '';

describe('serializeNode', () => {
  it('puts computed styles into attributes and leaves classes and variables behind', () => {
    const path = node('path', { class: 'plot-line', d: 'M0 0L1 1', stroke: 'var(--series-bn-0)' });
    expect(serializeNode(path, styleOf)).toBe(
      '<path d="M0 0L1 1" fill="none" stroke="rgb(0, 114, 178)"></path>',
    );
  });

  it('leaves out what only pointers see, and elements that are no drawing', () => {
    const group = node('g', { transform: 'translate(1 2)' }, [
      node('rect', { class: 'plot-hit can-pick', width: '9' }),
      node('script', {}, [{ textContent: 'alert(1)' }]),
      node('text', { x: '1', onclick: 'alert(1)' }, [{ textContent: 'a < b & "c"' }]),
    ]);
    expect(serializeNode(group, styleOf)).toBe(
      '<g transform="translate(1 2)"><text x="1" fill="none" stroke="rgb(0, 114, 178)">a &lt; b &amp; &quot;c&quot;</text></g>',
    );
  });

  it('keeps the clipping of lines', () => {
    const clip = node('clipPath', { id: 'c' }, [node('rect', { width: '5' })]);
    expect(serializeNode(clip, () => () => '')).toBe('<clipPath id="c"><rect width="5"></rect></clipPath>');
  });
});

describe('legendMarkup', () => {
  it('begins a line where an entry has no room, and makes room for all of them', () => {
    const entry = { text: '#1 <BN> · 5e-5', key: '<line/>' };
    const { markup, height } = legendMarkup([entry, entry, entry], 260, '#000');
    expect([...markup.matchAll(/translate\((\d+) (\d+)\)/g)].map((match) => match.slice(1))).toEqual([
      ['0', '0'],
      ['133', '0'],
      ['0', '17'],
    ]);
    expect(height).toBe(38);
    expect(markup).toContain('<line/>');
    expect(markup).toContain('#1 &lt;BN&gt; · 5e-5');
    expect(legendMarkup([], 260, '#000')).toEqual({ markup: '', height: 0 });
  });
});

describe('svgDocument', () => {
  it('is a picture of its own with title and ground', () => {
    const { svg, width, height } = svgDocument({
      title: 'Loss <x>',
      xLabel: 'steps',
      width: 100.2,
      height: 50,
      ground: '#fff',
      ink: '#000',
      legend: [],
      content: '<path/>',
    });
    expect(svg).toContain('<svg xmlns="http://www.w3.org/2000/svg" width="117" height="96"');
    expect([width, height]).toEqual([117, 96]);
    expect(svg).toContain('<title>Loss &lt;x&gt;</title>');
    expect(svg).toContain('>steps</text>');
  });
});
