import { useState } from 'react';
import type { ReactNode } from 'react';
import { PAIR_WINDOW, pairedDifference, pairedSentence } from '#analysis/pairedDifference.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { raceWarning } from '#domain/arms.ts';
import { differenceSeries } from '#ui/charts/differences.ts';
import { OffScaleNote } from '#ui/charts/OffScaleNote.tsx';
import { Plot } from '#ui/charts/Plot.tsx';
import { addOffScale, offScale, visibleSteps } from '#ui/charts/series.ts';
import { xOfStep } from '#ui/charts/xUnit.ts';
import { Notice } from '#ui/parts/Notice.tsx';
import { formatLoss, formatTick } from '#ui/format.ts';
import { cursorTitle, formatDifference } from '#ui/panels/train/readouts.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { axisOf, nameIn } from '#ui/panels/train/chartRuns.ts';
import { runNames } from '#ui/runNames.ts';
import { ZERO, symmetricAxis } from './differenceAxis.ts';
import { batchDifferences, chosenPair, differenceBand, pairKey } from './pairs.ts';
import type { RunPair } from './pairs.ts';

/** Of the normal distribution: 95 % lie within. */
const NORMAL_95 = 1.96;

/** The pair among the drawn runs; its chart names it by what differs between the two alone. */
function pairName(view: ChartView, { baseline, other }: RunPair): string {
  return `${nameIn(view, other)} − ${nameIn(view, baseline)}`;
}

/** Runs that saw the same batches, two at a time: their difference batch by batch, with its interval. */
export function PairedPanel({ view, pairs }: { view: ChartView; pairs: readonly RunPair[] }): ReactNode {
  const [chosen, choose] = useState<string>();
  const pair = chosenPair(pairs, chosen);
  if (!pair) return null;
  const warning = raceWarning([pair.baseline.experiment, pair.other.experiment]);
  return (
    <section className="paired" aria-label="Paired difference">
      <div className="section-head">
        <h3>Same start, same batches</h3>
        {pairs.length > 1 && (
          <select
            aria-label="Pair of runs"
            value={pairKey(pair)}
            onChange={(event) => choose(event.target.value)}
          >
            {pairs.map((one) => (
              <option key={pairKey(one)} value={pairKey(one)}>
                {pairName(view, one)}
              </option>
            ))}
          </select>
        )}
      </div>
      {warning && <Notice tone="warning">{warning}</Notice>}
      <PairedChart view={view} pair={pair} />
      <ValidationPairs baseline={pair.baseline} other={pair.other} />
    </section>
  );
}

function PairedChart({ view, pair }: { view: ChartView; pair: RunPair }): ReactNode {
  const [showsAll, setShowsAll] = useState(false);
  const { baseline, other } = pair;
  const names = runNames([baseline, other]);
  const [baselineName, otherName] = [names.get(baseline.id)!, names.get(other.id)!];
  const name = `${otherName} − ${baselineName}`;
  const [a, b] = [baseline, other].map((run) => run.metrics.series('losses')) as [Float32Array, Float32Array];
  const raw = batchDifferences(a, b);
  const last = pairedDifference(a, b, PAIR_WINDOW);
  const xOf = (step: number): number => xOfStep(other, view.unit, step);
  const smoothed = differenceSeries(other, baseline, view.series);
  const band = differenceBand(raw, xOf);
  const colour = view.runs.find(({ run }) => run.id === other.id)?.style.colour ?? 'var(--ink)';
  const sentence = pairedSentence(baselineName, otherName, last);
  const yAxis = symmetricAxis(
    [
      smoothed.points,
      band.flatMap(({ x, low, high }) => [
        { x, y: low },
        { x, y: high },
      ]),
    ],
    showsAll,
  );
  const edges = band.flatMap(({ low, high }) => [low, high]);
  const hidden = addOffScale(
    offScale(smoothed.values, visibleSteps(other, view.series), yAxis.domain),
    offScale(edges, [0, edges.length], yAxis.domain),
  );
  return (
    <>
      <p className="verdict">{sentence}</p>
      <Plot
        title={`Paired difference, ${name}`}
        subtitle={
          <>
            <span>{`smoothed; band: 95 % interval of the mean over the last ${PAIR_WINDOW} steps`}</span>
            <OffScaleNote
              hidden={{ ...hidden, gaps: 0 }}
              showsAll={showsAll}
              onToggle={setShowsAll}
              focus="Focus on most"
            />
          </>
        }
        summary={sentence}
        {...axisOf(view)}
        xLabel={view.xLabel}
        yAxis={yAxis}
        formatY={formatTick}
        rules={[ZERO]}
        keys={[{ id: 'difference', name, colour }]}
        lines={[{ id: 'difference', points: smoothed.points, colour, width: 1.5 }]}
        bands={[{ id: 'band', points: band, colour }]}
        readout={(x) => ({
          title: cursorTitle(view, x),
          rows: view
            .atCursor(x)
            .filter(({ run }) => run.id === other.id)
            .map(({ step }) => {
              const y = smoothed.values[step] ?? Number.NaN;
              return {
                id: 'difference',
                name,
                colour,
                dash: undefined,
                text: `${formatDifference(y)} (this batch ${formatDifference(raw[step] ?? Number.NaN)})`,
                at: Number.isFinite(y) ? { x: xOf(step), y } : undefined,
              };
            }),
        })}
        empty="Both runs need a step."
      />
      <PairingStrength correlation={last.correlation} />
    </>
  );
}

/** How much of the noise of the batches falls out of a difference on the same batches. */
function PairingStrength({ correlation }: { correlation: number }): ReactNode {
  if (!Number.isFinite(correlation)) return null;
  // Of two series with equal variance: Var(b − a) = 2 σ² (1 − ρ), against 2 σ² for different batches.
  const gain = 1 / Math.max(1e-6, 1 - correlation);
  return (
    <p className="field-help">
      {`Pairing strength: correlation ${correlation.toFixed(2)} over the last ${PAIR_WINDOW} steps`}
      {gain > 1.05
        ? `; the same batches are worth ${gain < 1000 ? Number(gain.toPrecision(2)) : 'over 1,000'} × as many different ones.`
        : '; the runs have drifted apart so far that pairing no longer helps.'}
    </p>
  );
}

/** Difference of the validation losses image by image, at the end of each epoch. */
function ValidationPairs({ baseline, other }: { baseline: TrainRecord; other: TrainRecord }): ReactNode {
  const ofOther = other.paired.filter((row) => row.baselineRunId === baseline.id);
  const isTurned = ofOther.length === 0;
  const rows = isTurned ? baseline.paired.filter((row) => row.baselineRunId === other.id) : ofOther;
  if (rows.length === 0) return null;
  return (
    <div className="data-table">
      <table>
        <caption>Validation, the same images in both</caption>
        <thead>
          <tr>
            <th scope="col">epoch</th>
            <th scope="col">difference of the mean loss</th>
            <th scope="col">95 % interval</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ epoch, mean, standardError }) => {
            const difference = isTurned ? -mean : mean;
            const half = NORMAL_95 * standardError;
            return (
              <tr key={epoch}>
                <th scope="row">{epoch}</th>
                <td>{formatDifference(difference)}</td>
                <td>
                  ± {formatLoss(half)}
                  {Math.abs(difference) <= half ? ' (includes zero)' : ''}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
