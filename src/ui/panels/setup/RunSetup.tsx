import { useState } from 'react';
import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { setupActions } from '#ui/state/setupStore.ts';
import { hashOfRun } from '#ui/state/useLink.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/** Takes the settings of a run again: into the set-up, or into a link that opens them elsewhere. */
export function RunSetup({ run }: { run: RunRecord }): ReactNode {
  const [linkText, setLinkText] = useState('');
  const copy = async (): Promise<void> => {
    const link = new URL(hashOfRun(run), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      setLinkText('Copied. Opening it starts nothing.');
    } catch {
      setLinkText(link);
    }
  };
  return (
    <div className="study-actions">
      <button
        type="button"
        className="button is-small"
        onClick={() => {
          setupActions.load(run.experiment, run.rateReason);
          viewActions.announce('The set-up is that of the run.');
        }}
      >
        Use its set-up
      </button>
      <button type="button" className="button is-small" onClick={() => void copy()}>
        Copy its link
      </button>
      <output className="field-help">{linkText}</output>
    </div>
  );
}
