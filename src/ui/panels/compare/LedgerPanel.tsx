import { memo, useState } from 'react';
import type { ReactNode } from 'react';
import type { ClaimRow } from '#analysis/claims.ts';
import { claimSummaries } from '#analysis/claims/summaries.ts';
import type { ClaimSummary } from '#analysis/claims/summaries.ts';
import { notebookText } from '#analysis/notebookRuns.ts';
import { isSameArm } from '#analysis/question.ts';
import { questionById } from '#analysis/questions.ts';
import { counted } from '#analysis/text.ts';
import { studyOf } from '#client/studyQueue.ts';
import { VerdictChip } from '#ui/parts/VerdictChip.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { studiesTime, timeText } from '#ui/studyCost.ts';
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
  const claims = claimSummaries(rows);
  const shown = showsAll ? claims : claims.filter(isTested);
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
            {shown.map((claim) => (
              <LedgerClaim
                key={`${claim.question} ${claim.size} ${claim.dataset?.hash}`}
                claim={claim}
                showsAll={showsAll}
                times={times}
              />
            ))}
          </table>
        </div>
      )}
      {shown.length > 0 && (
        <p className="field-help">
          Runs of one seed are pairs; intervals are of 95 %, Student’s t over seeds. A run that diverged
          counts as worse than any loss: then the median with its interval by ranks stands for the mean, from
          six seeds on. Where one finder of a pair goes through its ramp without the point in question, the
          ratio counts as at least, or at most, that to the end of the ramp.
        </p>
      )}
    </section>
  );
});

function isTested({ rows }: ClaimSummary): boolean {
  return rows.some(({ count }) => count > 0);
}

/** The verdict of a claim, and under it those of its rules where there are several. */
function LedgerClaim(props: { claim: ClaimSummary; showsAll: boolean; times: StepTimes }): ReactNode {
  const { claim, showsAll, times } = props;
  const question = questionById(claim.question);
  const rows = showsAll ? claim.rows : claim.rows.filter(({ count }) => count > 0);
  const only = claim.rows.length === 1 ? claim.rows[0] : undefined;
  return (
    <tbody>
      <tr>
        <th scope="row" className="is-wrapped">
          {`${claim.question} · ${question?.title ?? ''}`}
          <span className="cell-details">{question?.claim}</span>
        </th>
        <td>
          {claim.size}
          {claim.dataset && <span className="cell-details">{claim.dataset.title}</span>}
        </td>
        <td>
          <VerdictChip verdict={claim.verdict} />
        </td>
        <td>{only ? countText(only) : `${claim.tested} of ${claim.rules} rules`}</td>
        <td className="is-wrapped">{only ? only.measure : claim.rule}</td>
        <td className="is-wrapped">{only ? <Result row={only} times={times} /> : claim.sentence}</td>
        <td className="is-wrapped">{(question && notebookText(question)) || '–'}</td>
      </tr>
      {!only && rows.map((row) => <LedgerRow key={row.measure} row={row} times={times} />)}
    </tbody>
  );
}

/** One rule of a claim. */
function LedgerRow({ row, times }: { row: ClaimRow; times: StepTimes }): ReactNode {
  return (
    <tr className="is-part">
      <th scope="row">{`${row.question}, ${row.isAside ? 'beside the claim' : 'a rule'}`}</th>
      <td>{row.size}</td>
      <td>
        <VerdictChip verdict={row.verdict} />
      </td>
      <td>{countText(row)}</td>
      <td className="is-wrapped">{row.measure}</td>
      <td className="is-wrapped">
        <Result row={row} times={times} />
      </td>
      <td>–</td>
    </tr>
  );
}

function countText({ count, countOf }: ClaimRow): string {
  return counted(count, countOf);
}

function Result({ row, times }: { row: ClaimRow; times: StepTimes }): ReactNode {
  return (
    <>
      {row.sentence}
      {row.advice && <span className="cell-details">{`To decide it: ${row.advice}.`}</span>}
      <AddSeeds row={row} times={times} />
    </>
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
  const text = info && timeText(studiesTime(row.missing, info, times));
  const time = text === undefined ? '' : ` (${text})`;
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
