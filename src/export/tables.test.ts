import { describe, expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import { epochsCsv, stepsCsv } from './csv.ts';
import { finderRun, trainingRun } from './exportedRun.fixtures.ts';
import { epochTableMarkdown, epochTablesMarkdown } from './markdown.ts';
import { safeFileName } from './safeFileName.ts';

describe('stepsCsv', () => {
  it('has a row per step', () => {
    const lines = stepsCsv([trainingRun(), finderRun()]).split('\r\n');
    expect(lines.slice(0, 3)).toEqual([
      'run,name,kind,arm,seed,step,loss,smoothed,learningRate,momentum,elapsedMs,wallMs',
      'run-1,BN #1,train,BN,0,0,2.29999995,2.29999995,0.0000199999995,0.949999988,10,110',
      'run-1,BN #1,train,BN,0,1,2.20000005,2.25,0.000300000014,0.899999976,20,120',
    ]);
    expect(lines[6]).toBe('run-2,BN #1,finder,BN,0,1,-Infinity,-Infinity,9.99999997e-7,0.899999976,2,');
    expect(lines[7]).toMatch(/,2,NaN,NaN,/);
    expect(lines.length).toBe(1 + 4 + 3 + 1);
  });
});

describe('epochsCsv', () => {
  it('has a row per epoch with all settings', () => {
    const lines = epochsCsv([
      trainingRun({ experiment: { ws: true, maxLearningRate: 5e-5 } }),
      finderRun(),
    ]).split('\r\n');
    expect(lines.length).toBe(1 + 2 + 1);
    const cells = (line: string) => line.split(',');
    const row = Object.fromEntries(cells(lines[0]!).map((name, i) => [name, cells(lines[2]!)[i]]));
    expect(row).toMatchObject({
      arm: 'BN+WS',
      ws: 'true',
      maxLearningRate: '0.00005',
      status: 'finished',
      epoch: '1',
      validLoss: '1.5',
      standardError: '0.01',
    });
    expect(cells(lines[1]!).at(-3)).toBe(''); // the first epoch has no standard error
  });

  it('has a column for a setting that came later only where a run uses it', () => {
    const header = (runs: Parameters<typeof epochsCsv>[0]) => epochsCsv(runs).split('\r\n')[0]!;
    expect(header([trainingRun()])).not.toContain('gradientClip');
    const both = [trainingRun(), trainingRun({ experiment: { gradientClip: 0.5 } })];
    expect(header(both)).toContain(',validLimit,gradientClip,row,');
    const clips = epochsCsv(both)
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',')[header(both).split(',').indexOf('gradientClip')]);
    expect(clips).toEqual(['0', '0', '0.5', '0.5']);
  });

  it('has a row per probe, after those of the epochs', () => {
    const exported = trainingRun();
    const probes = [{ step: 2, count: 1000, validLoss: 1.75, accuracy: 0.3 }];
    const lines = epochsCsv([{ ...exported, run: { ...exported.run, probes } }]).split('\r\n');
    expect(lines.length).toBe(1 + 3 + 1);
    expect(lines[1]).toContain(',epoch,');
    expect(lines[3]).toMatch(/,probe,1000,\d+,2,,1\.75,,0\.3,$/);
  });

  it.each([
    ['=cmd()', "'=cmd()"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@sum', "'@sum"],
    ['\tx', "'\tx"],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['=a,"b"', `"'=a,""b"""`],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ])('writes the name %j so that no program runs it', (name, cell) => {
    expect(epochsCsv([trainingRun({ name })])).toContain(`\r\nrun-1,${cell},train,`);
  });

  it('keeps negative numbers numbers', () => {
    const { run, steps } = trainingRun();
    const epochs = [{ ...run.epochs[0]!, validLoss: -0.5 }];
    expect(epochsCsv([{ run: { ...run, epochs }, steps }])).toContain(',-0.5,');
  });
});

describe('epochTableMarkdown', () => {
  it('prints the columns and formats of the post', () => {
    expect(epochTableMarkdown(trainingRun().run)).toBe(
      [
        '| epoch | train_loss | valid_loss | accuracy | time |',
        '| ---: | ---: | ---: | ---: | ---: |',
        '| 0 | 2.250000 | 2.100000 | 0.250000 | 1:01 |',
        '| 1 | 2.250000 | 1.500000 ± 0.010000 | 0.500000 | 1:01 |',
        '',
      ].join('\n'),
    );
  });

  it('sets the notebook beside it', () => {
    const ghost = questionById('P1')!.ghosts[0]!;
    const lines = epochTableMarkdown(trainingRun().run, ghost).split('\n');
    expect(lines[0]).toBe(
      '| epoch | train_loss | valid_loss | accuracy | time | notebook BN, batch 64, LR 5e-4 valid_loss | difference |',
    );
    expect(lines[2]).toBe('| 0 | 2.250000 | 2.100000 | 0.250000 | 1:01 | 1.095837 | 1.004163 |');
  });

  it('does so in the tables of several runs, where the notebook has such a run', () => {
    const text = epochTablesMarkdown([
      { name: 'a', run: trainingRun().run },
      { name: 'b', run: trainingRun({ experiment: { maxLearningRate: 1 } }).run },
    ]);
    expect(text.split('### ').map((part) => part.includes('1.095837'))).toEqual([false, true, false]);
  });

  it('lets no name become markup', () => {
    const text = epochTablesMarkdown([{ name: 'a|b\n# <img src=x> `c`', run: trainingRun().run }]);
    expect(text.split('\n')[0]).toBe(String.raw`### a\|b \# &lt;img src=x> \`c\``);
  });
});

describe('safeFileName', () => {
  it.each([
    ['BN+WS, batch 2', 'BN-WS-batch-2.csv'],
    ['../../x', 'x.csv'],
    ['', 'normlab.csv'],
    ['...', 'normlab.csv'],
    ['con', 'normlab-con.csv'],
    ['a\u202Egpj.exe', 'a-gpj-exe.csv'],
    ['Übung 3', 'Übung-3.csv'],
    ['C:\\x\u0000', 'C-x.csv'],
  ])('turns %j into %s', (text, expected) => {
    expect(safeFileName(text, 'csv')).toBe(expected);
  });

  it('clips ten thousand characters', () => {
    expect(safeFileName('x'.repeat(10_000), 'json').length).toBe(85);
  });
});
