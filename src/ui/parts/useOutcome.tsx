import { useState } from 'react';
import type { ReactNode } from 'react';
import { Notice } from './Notice.tsx';

/** Runs an action; what it resolves to is said, nothing when that is undefined. What it rejects with is an error. */
export type Attempt = (action: () => Promise<string | undefined>) => void;

/** Runs actions whose outcome is told in a line: give `outcome` a place near what starts them. */
export function useOutcome(): {
  readonly attempt: Attempt;
  readonly outcome: ReactNode;
} {
  const [said, say] = useState<{ readonly tone: 'info' | 'error'; readonly text: string }>();
  const attempt: Attempt = (action) => {
    action().then(
      (text) => say(text === undefined ? undefined : { tone: 'info', text }),
      (error: unknown) =>
        say({ tone: 'error', text: error instanceof Error ? error.message : String(error) }),
    );
  };
  const outcome = said && (
    <div className="export-said" role="status">
      <Notice
        tone={said.tone}
        actions={
          <button type="button" className="button is-small is-quiet" onClick={() => say(undefined)}>
            Close
          </button>
        }
      >
        {said.text}
      </Notice>
    </div>
  );
  return { attempt, outcome };
}
