import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { isGoing } from '#client/runRecord.ts';
import { isOver } from '#domain/run.ts';
import { formatCount } from '#ui/format.ts';
import { runName } from '#ui/runText.ts';
import { useActiveRun, useClient } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/** What going on with a run costs, in a sentence; undefined for one that cannot be continued. */
export function continueText(run: RunRecord): string | undefined {
  const isElsewhere = !isOver(run.status) && !isGoing(run);
  const isBroken = run.status === 'interrupted' || run.status === 'stopped';
  if (run.kind !== 'train' || !(isElsewhere || isBroken)) return undefined;
  const { checkpointStep, stepCount } = run;
  if (isElsewhere) return 'It is going on in another tab; taking it over ends it there.';
  if (checkpointStep === undefined) {
    return `No state of it was kept: it would begin again, and its ${formatCount(stepCount)} recorded steps are lost.`;
  }
  const lost = Math.max(0, stepCount - checkpointStep);
  return lost === 0
    ? `Goes on after step ${formatCount(checkpointStep)}; nothing is lost.`
    : `Goes on after step ${formatCount(checkpointStep)}; ${formatCount(lost)} later ${lost === 1 ? 'step is' : 'steps are'} computed again.`;
}

/** Resumes an interrupted or stopped run, or takes one over from another tab. */
export function ContinueRun({ run }: { run: RunRecord }): ReactNode {
  const client = useClient();
  const active = useActiveRun();
  const text = continueText(run);
  if (text === undefined) return null;
  const isElsewhere = !isOver(run.status);
  const label = isElsewhere ? 'Take over' : 'Resume';
  const go = (): void => {
    if (active) return;
    viewActions.select('train', run.id);
    viewActions.setTab('train');
    client.resumeKept(run.id, isElsewhere).catch((error: unknown) => {
      viewActions.announce(`${runName(run)} cannot go on: ${String(error)}`);
    });
  };
  return (
    <div className="continue">
      <button
        type="button"
        className="button is-small"
        aria-label={`${label} ${runName(run)}`}
        aria-disabled={active !== undefined}
        title={active ? 'Another run is going' : undefined}
        onClick={go}
      >
        {label}
      </button>
      <span className="field-help">{text}</span>
    </div>
  );
}
