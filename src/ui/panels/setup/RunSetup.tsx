import { useState } from 'react';
import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { loadSetupOf } from '#ui/state/setupOfRun.ts';
import { hashOfRun } from '#ui/state/useLink.ts';

/** Takes the settings of a run again: into the set-up, or into a link that opens them elsewhere. */
export function RunSetup({ run }: { run: RunRecord }): ReactNode {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    const link = new URL(hashOfRun(run), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      setSaid('Copied. Opening it starts nothing.');
    } catch {
      setSaid(link);
    }
  };
  return (
    <div className="study-actions">
      <button type="button" className="button is-small" onClick={() => setSaid(loadSetupOf(run))}>
        Use its set-up
      </button>
      <button type="button" className="button is-small" onClick={() => void copy()}>
        Copy its link
      </button>
      <output className="field-help">{said}</output>
    </div>
  );
}
