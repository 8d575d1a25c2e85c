import type { ReactNode } from 'react';
import { isGoing } from '#client/runRecord.ts';
import { isQueueOver } from '#client/studyQueue.ts';
import { CloseButton } from '#ui/parts/CloseButton.tsx';
import { Notice } from '#ui/parts/Notice.tsx';
import { useClient, useClientState } from '#ui/state/client.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { LinkDataNotice } from './LinkDataNotice.tsx';

/** What the user should know of studies, links and kept runs, whatever tab is open. */
export function StudyNotices(): ReactNode {
  return (
    <>
      <LeftStudy />
      <LinkNotice />
      <LinkDataNotice />
      <KeptNotice />
    </>
  );
}

/** A study that was interrupted, by a reload or a lost device, waits for the user's word. */
function LeftStudy(): ReactNode {
  const client = useClient();
  const queue = useClientState((state) => state.queue);
  if (queue.pauseReason === undefined || isQueueOver(queue)) return null;
  const left = queue.entries.filter(({ state }) => state === 'waiting').length;
  return (
    <Notice
      tone="info"
      title={`Continue study: ${left} of ${queue.entries.length} runs left.`}
      actions={
        <>
          <button type="button" className="button is-small" onClick={() => client.queueActions.resume()}>
            Continue study
          </button>
          <button type="button" className="button is-small" onClick={() => client.queueActions.stop()}>
            Give it up
          </button>
        </>
      }
    >
      {queue.pauseReason} An interrupted run goes on from its last kept state.
    </Notice>
  );
}

function LinkNotice(): ReactNode {
  const note = useView((state) => state.linkNote);
  if (note === undefined) return null;
  return (
    <Notice
      tone={note.isProblem ? 'warning' : 'info'}
      actions={<CloseButton onClose={() => viewActions.setLinkNote(undefined)} />}
    >
      {note.text}
    </Notice>
  );
}

/** Loss of storage: the run that goes is not kept, or kept runs could not be read or written. */
function KeptNotice(): ReactNode {
  const client = useClient();
  const notKept = useClientState((state) => state.runs.find((run) => isGoing(run) && run.notKept)?.notKept);
  const problem = useClientState((state) => state.kept.problem);
  if (notKept !== undefined) {
    return (
      <Notice
        tone="warning"
        title="The run goes on, but is no longer kept."
        actions={
          <>
            <button type="button" className="button is-small" onClick={() => viewActions.setTab('compare')}>
              Download or remove runs
            </button>
            <button type="button" className="button is-small" onClick={() => viewActions.setTab('data')}>
              Remove data sets
            </button>
          </>
        }
      >
        {notKept}
      </Notice>
    );
  }
  if (problem === undefined) return null;
  return (
    <Notice tone="warning" actions={<CloseButton onClose={() => client.dismissKeptProblem()} />}>
      {problem}
    </Notice>
  );
}
