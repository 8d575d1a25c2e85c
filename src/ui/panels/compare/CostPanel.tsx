import type { ReactNode } from 'react';
import { costTables } from '#analysis/costTable.ts';
import type { CostCell, CostTable } from '#analysis/costTable.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { parameters } from '#domain/parameters.ts';
import { formatCount } from '#ui/format.ts';
import { stepTimeOf } from '#ui/runSpeed.ts';

/** What normalization costs, by batch size, from the measured steps of the listed runs. */
export function CostPanel({ runs }: { runs: readonly TrainRecord[] }): ReactNode {
  const tables = costTables(
    runs.map((run) => ({
      experiment: run.experiment,
      deviceTitle: run.deviceTitle,
      time: stepTimeOf(run),
    })),
  );
  if (tables.length === 0) return null;
  return (
    <section className="costs" aria-label="Cost of normalization">
      <h3>Cost of normalization</h3>
      <p className="field-help">
        Time of a training step of the listed runs; validation, compilation, pauses and the other runs of a
        race are left out. BN and GN against None, WS against the same without.
      </p>
      {tables.map((table) => (
        <CostRows key={table.key} table={table} />
      ))}
    </section>
  );
}

function CostRows({ table }: { table: CostTable }): ReactNode {
  const { arms, rows } = table;
  const title = titleOf(table);
  return (
    <div className="data-table" role="region" aria-label={`Step times, ${title}`} tabIndex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">batch</th>
            {arms.map((arm) => (
              <th key={arm} scope="col">
                {arm}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ batchSize, cells }) => (
            <tr key={batchSize}>
              <th scope="row">{formatCount(batchSize)}</th>
              {cells.map((cell, i) => (
                <td key={arms[i]}>{cell ? <Cost cell={cell} /> : '–'}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cost({ cell: { milliseconds, over, runs } }: { cell: CostCell }): ReactNode {
  const what = `Mean over the steps of ${runs} ${runs === 1 ? 'run' : 'runs'}`;
  return (
    <span title={what}>
      {`${Number(milliseconds.toPrecision(3))} ms`}
      {over && <span className="cell-details">{`${over.ratio.toFixed(2)} × ${over.name}`}</span>}
    </span>
  );
}

/** 'width 16, AdamW, on Test GPU' */
function titleOf({ deviceTitle, experiment }: CostTable): string {
  const { width, stemPadding, optimizer, augmentation, gradientClip = 0 } = experiment;
  const rule = parameters.optimizer.options.find(({ value }) => value === optimizer)!.label;
  return [
    `width ${width}`,
    ...(stemPadding === parameters.stemPadding.default ? [] : [`stem padding ${stemPadding}`]),
    rule,
    ...(augmentation === 'none' ? [] : ['augmented']),
    ...(gradientClip > 0 ? ['gradients clipped'] : []),
    `on ${deviceTitle}`,
  ].join(', ');
}
