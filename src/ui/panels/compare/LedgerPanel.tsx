import { memo, useState } from 'react';
import type { ReactNode } from 'react';
import type { ClaimRow } from '#analysis/claims.ts';
import { notebookText } from '#analysis/notebookRuns.ts';
import { isSameArm } from '#analysis/question.ts';
import { questionById } from '#analysis/questions.ts';
import { studyOf } from '#client/studyQueue.ts';
import { formatRemaining } from '#ui/format.ts';
import { VerdictChip } from '#ui/parts/VerdictChip.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { studiesMs } from '#ui/studyCost.ts';
import type { StepTimes } from '#ui/studyCost.ts';
import { useStepTimes } from '#ui/panels/study/useStepTimes.ts';
import { useClient, useClientState } from '#ui/state/client.ts';
import { studyFrom } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { useLedger } from './useLedger.ts';

/** Claim by claim: supported, contradicted or undecided, by how many runs and with what interval. */
export const LedgerPanel = memo(function LedgerPanel(): ReactNode {
  const rows = useLedger();
  const [showsAll, setShowsAll] = useState(false);
  const tested = rows.filter((row) => row.count > 0);
  const shown = showsAll ? rows : tested;
  const times = useStepTimes();
  return (
    <section className="ledger" aria-label="Claims ledger">
      <div className="section-head">
        <h3>Claims of the post</h3>
        <Toggle label="Untested claims too" isOn={showsAll} onChange={setShowsAll} />
      </div>
      {shown.length === 0 ? (
        <p className="field-help">
          No run here tests a claim yet. “Start from a question” in the set-up prepares the runs of one.
        </p>
      ) : (
        <div className="data-table" role="region" aria-label="Claims" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {['claim', 'size', 'verdict', 'n', 'measure', 'what the runs say', 'notebook'].map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <LedgerRow
                  key={`${row.question} ${row.size} ${row.measure} ${row.dataset?.hash}`}
                  row={row}
                  times={times}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
});

function LedgerRow({ row, times }: { row: ClaimRow; times: StepTimes }): ReactNode {
  const question = questionById(row.question);
  return (
    <tr>
      <th scope="row" className="is-wrapped">
        {`${row.question} · ${question?.title ?? ''}`}
        <span className="cell-details">{question?.claim}</span>
      </th>
      <td>
        {row.size}
        {row.dataset && <span className="cell-details">{row.dataset.title}</span>}
      </td>
      <td>
        <VerdictChip verdict={row.verdict} />
      </td>
      <td>{`${row.count} ${row.countOf}${row.count === 1 ? '' : 's'}`}</td>
      <td className="is-wrapped">{row.measure}</td>
      <td className="is-wrapped">
        {row.sentence}
        {row.advice && <span className="cell-details">{`To decide it: ${row.advice}.`}</span>}
        <AddSeeds row={row} times={times} />
      </td>
      <td className="is-wrapped">{(question && notebookText(question)) || '–'}</td>
    </tr>
  );
}

/** Queues the runs that would decide a claim, on the data of its row and once. */
function AddSeeds({ row, times }: { row: ClaimRow; times: StepTimes }): ReactNode {
  const client = useClient();
  const info = useClientState((state) => state.dataset.info);
  const isQueued = useClientState(({ queue }) =>
    row.missing.some((plan) =>
      queue.entries.some(
        (entry) =>
          (entry.state === 'waiting' || entry.state === 'going') &&
          entry.kind === plan.kind &&
          studyOf(queue, entry).finder?.steps === plan.finder?.steps &&
          plan.seeds.includes(entry.experiment.seed) &&
          plan.arms.some((arm) => isSameArm(plan, arm, entry.experiment)),
      ),
    ),
  );
  if (row.missing.length === 0 || row.advice === undefined) return null;
  if (isQueued) return <span className="field-help">Its seeds are in the queue.</span>;
  if (row.dataset && row.dataset.hash !== info?.hash) {
    return <span className="field-help">{`Seeds can be added when ${row.dataset.title} is loaded.`}</span>;
  }
  const milliseconds = info && studiesMs(row.missing, info, times);
  const time = milliseconds === undefined ? '' : ` (${formatRemaining(milliseconds)})`;
  return (
    <button
      type="button"
      className="button is-small"
      onClick={() => {
        for (const plan of row.missing) client.startStudy(studyFrom(plan));
        viewActions.announce('The seeds are in the queue.');
      }}
    >
      {`${row.advice.replace(/^add/, 'Add')}${time}`}
    </button>
  );
}
