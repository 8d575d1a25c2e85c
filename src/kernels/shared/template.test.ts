import { describe, expect, it } from 'vitest';
import { expandTemplate } from './template.ts';

describe('expandTemplate', () => {
  it('repeats lines for each value, nested loops included', () => {
    const source = ['//# for i in rows', '  //# for j in 2', 'sum${i}_${j}', '  //# end', '//# end'].join(
      '\n',
    );
    expect(expandTemplate(source, { rows: 2 })).toBe('sum0_0\nsum0_1\nsum1_0\nsum1_1');
  });

  it('keeps one side of a condition', () => {
    const source = '//# if flag\na\n//# else\nb\n//# end\n//# if !flag\nc\n//# end';
    expect(expandTemplate(source, { flag: true })).toBe('a');
    expect(expandTemplate(source, { flag: false })).toBe('b\nc');
  });

  it('evaluates sums of products, and placeholders inside placeholders and flags', () => {
    expect(expandTemplate('${4*q+r-1} x${column${q}_${r}}', { q: 2, r: 3, column2_3: 7 })).toBe('10 x7');
    expect(expandTemplate('//# if isUsed${i+1}\nyes\n//# end', { i: 1, isUsed2: true })).toBe('yes');
  });

  it('refuses names without a value, unknown directives and missing ends', () => {
    expect(() => expandTemplate('${rows}', {})).toThrow('"rows" has no value');
    expect(() => expandTemplate('//# while x', {})).toThrow(
      'template line 1: unexpected directive "while x"',
    );
    expect(() => expandTemplate('//# else', {})).toThrow('unexpected directive');
    expect(() => expandTemplate('//# if a', { a: 1 })).toThrow('lack their end');
    expect(() => expandTemplate('${a/b}', { a: 1, b: 2 })).toThrow('cannot evaluate');
  });
});
