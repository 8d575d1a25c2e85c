import { describe, expect, it } from 'vitest';
import { claimsLedger } from '#analysis/claims.ts';
import { claimSummaries } from '#analysis/claims/summaries.ts';
import { finderRun, trainingRun } from './exportedRun.fixtures.ts';
import type { ExportedRun } from './exportedRun.ts';
import { reportHtml, type ReportChart } from './report.ts';
import type { ReportInput } from './reportContent.ts';
import { reportMarkdown } from './reportMarkdown.ts';
import { verdictLines } from './verdictLines.ts';

/** A run whose raw losses fall by a tenth of `factor` a step, two steps in each arrival of `ms`. */
function falling(name: string, ws: boolean, factor: number, ms: number, valid: number): ExportedRun {
  const { run, steps } = trainingRun({ name, experiment: { ws } });
  const count = 100;
  const series = (value: (step: number) => number) =>
    Float32Array.from({ length: count }, (_, i) => value(i));
  return {
    run: {
      ...run,
      plan: { ...run.plan!, stepsPerEpoch: count },
      epochs: [{ ...run.epochs[0]!, validLoss: valid }],
      stepCount: count,
    },
    steps: {
      ...steps,
      losses: series((step) => 20 - factor * 0.1 * step),
      smoothed: series(() => 0),
      learningRates: series(() => 1),
      momenta: series(() => 1),
      elapsedMs: series((step) => ms * Math.floor(step / 2)),
    },
  };
}

type HtmlInput = ReportInput & { readonly charts: readonly ReportChart[] };

const input = (changes: Partial<HtmlInput> = {}): HtmlInput => ({
  title: 'BN against BN+WS',
  runs: [trainingRun(), finderRun()],
  charts: [{ title: 'Losses', svg: '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>' }],
  claims: [],
  link: { href: 'https://example.org/#v=1&norm=gn', lacksStudies: false },
  writer: {
    version: '0.2.0',
    browser: 'Chrome 156 on Linux',
    userAgent: 'Mozilla/5.0 Chrome/156',
    adapter: 'This GPU',
  },
  now: 1_700_000_000_000,
  ...changes,
});

describe('verdictLines', () => {
  it('compares runs of the same seed and settings with the first', () => {
    const lines = verdictLines([falling('BN', false, 1, 10, 0.6), falling('BN+WS', true, 2, 12, 0.55)]);
    expect(lines.length).toBe(1);
    const [, share] = /in (\d\.\d\d) × the steps/.exec(lines[0]!)!;
    // Twice as fast, so half of the steps, but for the lag of the average.
    expect(Number(share)).toBeGreaterThan(0.4);
    expect(Number(share)).toBeLessThan(0.6);
    expect(lines[0]).toMatch(
      /^BN\+WS reached BN’s final training loss in .* final validation loss 0\.050 lower; time per step 1\.20 ×\. Batch by batch: BN\+WS ahead by \d\.\d ± \d\.\d, last 100 steps\.$/,
    );
  });

  it('says when the loss was not reached, and who diverged', () => {
    const diverged = trainingRun({
      name: 'GN',
      run: {
        status: 'diverged',
        divergence: { step: 1233, loss: Number.NaN, learningRate: 1, reason: 'not-finite' },
      },
    });
    expect(
      verdictLines([falling('BN', false, 2, 10, 0.5), falling('BN+WS', true, 1, 10, 0.5), diverged]),
    ).toEqual([
      'BN+WS did not reach BN’s final training loss; final validation loss the same; time per step 1.00 ×. Batch by batch: BN ahead by 5.0 ± 4.9, last 100 steps.',
      'GN diverged at step 1,234.',
    ]);
  });

  it('compares nothing with runs of another past', () => {
    const run = falling('BN', false, 1, 10, 0.6);
    const other = falling('BN+WS', true, 2, 10, 0.6);
    const { header } = other.run;
    const withHeader = (changes: Partial<typeof header>): ExportedRun => ({
      ...other,
      run: { ...other.run, header: { ...header, ...changes } },
    });
    expect(verdictLines([run, other])).toHaveLength(1);
    expect(verdictLines([run, withHeader({ forkOf: { runId: 'run-9', step: 5 } })])).toEqual([]);
  });

  it('compares arms at rates of their own, and says so', () => {
    const run = falling('BN', false, 1, 10, 0.6);
    const other = falling('BN+WS', true, 2, 10, 0.6);
    const { header } = other.run;
    const faster = {
      ...other,
      run: {
        ...other.run,
        plan: { ...other.run.plan!, orderHash: 'another' },
        header: { ...header, experiment: { ...header.experiment, maxLearningRate: 5e-3 } },
      },
    };
    expect(verdictLines([run, faster])[0]).toMatch(
      /time per step 1\.00 ×; each at its own learning rate, 5e-3 against 5e-4\.$/,
    );
  });

  it('says what finders suggest, and what rate an arm withstands', () => {
    const settings = { start: 1e-7, end: 10, steps: 100 };
    /** Falls, then rises from a step on. */
    const finder = (name: string, ws: boolean, seed: number, turn: number, valley: number): ExportedRun => {
      const { run, steps } = trainingRun({ name, experiment: { ws, seed } });
      const losses = Float32Array.from({ length: 100 }, (_, i) =>
        i < turn ? 3 - i / turn : 2 + (i - turn) * 0.2,
      );
      const result = {
        stoppedAt: 99,
        reason: 'completed',
        suggestions: [{ rule: 'valley', learningRate: valley, index: 50 }],
        disagree: false,
      } as const;
      return {
        run: { ...run, header: { ...run.header, kind: 'finder', finder: settings }, epochs: [], result },
        steps: { ...steps, losses },
      };
    };
    const study = [
      finder('a', false, 0, 60, 1e-3),
      finder('b', false, 1, 60, 2e-3),
      finder('c', true, 0, 70, 3e-3),
      finder('d', true, 1, 70, 3e-3),
    ];
    const lines = verdictLines(study);
    expect(lines).toHaveLength(3);
    // The same study once more is no more evidence; over another ramp it is evidence of its own.
    expect(verdictLines([...study, ...study])).toEqual(lines);
    const longer = study.map(({ run, steps }) => {
      const header = { ...run.header, finder: { ...settings, end: 1 } };
      return { run: { ...run, header }, steps };
    });
    expect(verdictLines([...study, ...longer])).toHaveLength(6);
    expect(lines[0]).toBe('The finder suggests 1.4e-3 (1e-3 to 2e-3, 2 seeds) for BN, by its valley.');
    // Ten of a hundred steps over eight decades: 6.4 times the rate.
    expect(lines[2]).toMatch(
      /^BN\+WS withstands 6\.\d× \(6\.\d–6\.\d×\) the learning rate of BN\. Read off where the loss is 25 % above its lowest\.$/,
    );
    // A finder from given weights is no repeat of those from a seed.
    const given = study.map(({ run, steps }) => ({
      run: { ...run, header: { ...run.header, givenWeights: 'mine.safetensors' } },
      steps,
    }));
    expect(verdictLines([...given, ...study])).toEqual(lines);
    expect(verdictLines([finder('alone', false, 0, 60, 1e-3)])).toEqual([
      'The finder suggests 1e-3 for alone, by its valley.',
    ]);
    // A seed that was run again counts once, and one from given weights is of another kind.
    const again = finder('again', false, 0, 60, 2e-3);
    const { header } = again.run;
    const other = { ...again, run: { ...again.run, header: { ...header, givenWeights: 'mine' } } };
    expect(verdictLines([finder('alone', false, 0, 60, 1e-3), again, other])).toEqual([
      'The finder suggests 2e-3 for again, by its valley.',
    ]);
  });

  it('compares nothing that differs in more than the arm', () => {
    const run = falling('BN', false, 1, 10, 0.6);
    const { header } = run.run;
    const other = {
      ...run,
      run: { ...run.run, header: { ...header, experiment: { ...header.experiment, seed: 1 } } },
    };
    expect(verdictLines([run, other, finderRun()])).toEqual([]);
  });
});

describe('reportHtml', () => {
  it('holds set-up, charts, tables, adapter and versions', () => {
    const rows = claimsLedger([]).filter(({ question, size }) => question === 'P8' && size === 'full');
    const claims = claimSummaries(rows.map((row, i) => ({ ...row, count: i === 0 ? 1 : 0 })));
    const html = reportHtml(input({ claims }));
    for (const text of [
      '<svg viewBox="0 0 1 1">',
      '<figcaption>Losses</figcaption>',
      'Epochs of BN #1 (BN)',
      'border-collapse: collapse',
      '<td>1.500000 ± 0.010000</td>',
      '<td>1:01</td>',
      'Test GPU (webgpu)',
      '<td>0.1.0</td>',
      '<td>2023-11-14 22:13</td>',
      'Suggestions of BN #1',
      'Undecided: of 3 conditions 0 hold, 0 fail, 3 are undecided.',
      'Nothing to compare yet.',
      'href="https://example.org/#v=1&amp;norm=gn"',
      'Chrome 156 on Linux (Mozilla/5.0 Chrome/156)',
      '<td>0.2.0</td>',
      '<td>This GPU</td>',
      // The words of the claim, and the notebook beside the epochs.
      'P8: GN is for tiny batches ',
      '<td>1.095837</td>',
    ]) {
      expect(html).toContain(text);
    }
  });

  it('says what its link lacks', () => {
    const link = { href: 'https://example.org/#v=1', lacksStudies: true };
    expect(reportHtml(input({ link }))).toContain(
      '">open the settings of the first run</a> (a link cannot hold so many arms and seeds)',
    );
    const { run, steps } = trainingRun();
    const fork = {
      run: { ...run, header: { ...run.header, forkOf: { runId: 'x', step: 2, number: 1 } } },
      steps,
    };
    expect(reportHtml(input({ runs: [trainingRun(), fork] }))).toContain(
      '">open this set-up</a> (a link cannot hold states of forks and given weights)',
    );
  });

  it('shows shared settings once and the others run by run', () => {
    const html = reportHtml(input({ runs: [trainingRun(), trainingRun({ experiment: { ws: true } })] }));
    expect(html).toContain('<th>Weight Standardization</th>');
    expect(html).toContain('<td>Batch size</td><td>64</td>');
    expect(html).toContain('<td>Schedule</td><td>One-cycle</td>');
    expect(html).toContain('<td>Training images</td><td>all</td>');
    expect(reportHtml(input({ runs: [] }))).toContain('No runs.');
  });

  it('escapes every text, and allows nothing to load or run', () => {
    const evil = '<img src=x onerror=alert(1)>"\'&';
    const html = reportHtml(
      input({
        title: evil,
        runs: [trainingRun({ name: evil })],
        link: { href: 'data:text/html,x', lacksStudies: false },
      }),
    );
    expect(html).not.toContain('<img');
    expect(html).not.toContain('data:text');
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
    expect(html).toContain("default-src 'none'");
  });

  it('takes a chart whose names read like a program', () => {
    const svg = '<svg viewBox="0 0 1 1"><text x="0">the best one = javascript: &lt;script&gt;</text></svg>';
    expect(reportHtml(input({ charts: [{ title: 'T', svg }] }))).toContain('the best one = javascript:');
  });

  it.each([
    '<svg><script>1</script></svg>',
    '<svg onload="alert(1)"></svg>',
    '<svg><foreignObject></foreignObject></svg>',
    '<svg><a href="javascript:alert(1)"></a></svg>',
    '<svg a=">" onload="alert(1)"></svg>',
    '<svg><img src=x onerror=alert(1) ',
    '<p>text</p>',
  ])('refuses the chart %s', (svg) => {
    expect(() => reportHtml(input({ charts: [{ title: 'T', svg }] }))).toThrow(TypeError);
  });
});

describe('reportMarkdown', () => {
  it('holds verdicts, claims, set-up, tables, adapter and versions', () => {
    const runs = [falling('BN', false, 1, 10, 0.6), falling('BN+WS', true, 2, 12, 0.55), finderRun()];
    const text = reportMarkdown(
      input({
        runs,
        claims: claimSummaries(
          claimsLedger([]).filter(({ question, size }) => question === 'P8' && size === 'full'),
        ),
      }),
    );
    for (const part of [
      '# BN against BN+WS\n\n2023-11-14 22:13 UTC · [open this set-up](<https://example.org/#v=1&norm=gn>)\n',
      '## What it shows\n\n- BN+WS reached BN’s final training loss in ',
      '## Claims\n\n| claim | size | data | measure | result | to add |\n| --- |',
      '| P8: ',
      '## Set-up\n\n| setting of all runs | value |\n',
      '| Batch size | 64 |',
      '## Epochs of BN (BN)\n\n| epoch | train\\_loss | valid\\_loss | accuracy | time |',
      '| 1.095837 |',
      '## Suggestions of BN \\#1',
      '## Where it ran',
      '| BN | CIFAR-10 | Test GPU (webgpu) | 0.1.0 | 2023-11-14 22:13 |',
      '| NormLab | 0.2.0 |',
    ]) {
      expect(text).toContain(part);
    }
    // Every row of a table has the cells of its header.
    const widths = text.split('\n\n').filter((part) => part.startsWith('|'));
    for (const part of widths) {
      expect(
        new Set(
          part
            .trim()
            .split('\n')
            .map((row) => row.split(/(?<!\\)\|/).length),
        ).size,
      ).toBe(1);
    }
  });

  it('takes no markup from names, and no link but of the web', () => {
    const text = reportMarkdown(
      input({
        title: 'a | <b>',
        runs: [trainingRun({ name: '[x](y) `z`\n# h' })],
        link: { href: 'data:text/html,x', lacksStudies: false },
      }),
    );
    expect(text).toContain(String.raw`# a \| &lt;b>`);
    expect(text).not.toContain('data:text');
    expect(text).not.toMatch(/^# h/m);
    expect(text).toContain(String.raw`\[x\](y) \`z\` \# h`);
  });
});
