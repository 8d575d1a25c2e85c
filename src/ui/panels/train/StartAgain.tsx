import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { withSettings } from '#domain/parameters.ts';
import { runName } from '#ui/runText.ts';
import { useClient, useClientState, useWaits } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { againProblem, forkChoices } from './forks.ts';

/** Begins a run again from step 0 with a likely cure: a rate that diverges at once leaves no state to go on from. */
export function StartAgain({ run }: { run: TrainRecord }): ReactNode {
  const id = useId();
  const client = useClient();
  const info = useClientState((state) => state.dataset.info);
  const [said, setSaid] = useState('');
  const problem = againProblem(run, run.experiment, info);
  const waits = useWaits();

  const start = (experiment: Experiment): void => {
    if (problem !== undefined) return;
    if (!client.startAgain(run.id, experiment)) setSaid('Its study has that run already.');
    else if (waits) setSaid(`${runName(run)} waits in the queue to start again; the Study tab lists it.`);
    else viewActions.select('train', undefined);
  };
  return (
    <div className="fork-form">
      <p>
        Start again from step 0, with the same seed and so the same initial weights and batches, but with:
      </p>
      <div className="fork-buttons">
        {forkChoices(run.experiment).map(({ label, change }) => (
          <button
            key={label}
            type="button"
            className="button"
            aria-label={`Start again with ${label}`}
            aria-disabled={problem !== undefined}
            aria-describedby={`${id}-help`}
            onClick={() => start(withSettings(run.experiment, change))}
          >
            {label}
          </button>
        ))}
      </div>
      <p className={problem === undefined ? 'field-help' : 'field-error'} id={`${id}-help`} role="status">
        {problem ?? said}
      </p>
    </div>
  );
}
