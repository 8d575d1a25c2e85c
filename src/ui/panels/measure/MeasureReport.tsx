import { useState } from 'react';
import type { ReactNode } from 'react';
import type { DatedReport } from '#client/gpuMeasurement.ts';
import { browserName, columnsOf, reportFacts, reportText, rowName } from './reportText.ts';

export function MeasureReport({ report }: { report: DatedReport }): ReactNode {
  const browser = browserName(navigator.userAgent);
  const [outcome, setOutcome] = useState<'copied' | 'refused'>();
  const text = reportText(report, browser);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome('copied');
    } catch {
      setOutcome('refused');
    }
  };
  const columns = columnsOf(report.rows);
  return (
    <section className="measure-report" aria-label="Report">
      <ul className="measure-facts">
        {reportFacts(report, browser).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      <div className="measure-scroll" tabIndex={0} role="region" aria-label="Figures">
        <table>
          <caption className="visually-hidden">Time of a training step</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">System</span>
              </th>
              {columns.map(({ head, help }) => (
                <th key={head} scope="col" title={help}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.rows.map((row) => (
              <tr key={rowName(row)}>
                <th scope="row">{rowName(row)}</th>
                {columns.map(({ head, cell }) => (
                  <td key={head}>{cell(row, report.rows)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="measure-actions">
        <button type="button" className="button" onClick={() => void copy()}>
          Copy as text
        </button>
        <output className="measure-note">
          {outcome === 'copied' && 'Copied.'}
          {outcome === 'refused' && 'The browser refused; copy it from here:'}
        </output>
      </div>
      {outcome === 'refused' && (
        <textarea
          className="measure-text"
          aria-label="Report as text"
          readOnly
          rows={9}
          value={text}
          onFocus={(event) => event.target.select()}
        />
      )}
    </section>
  );
}
