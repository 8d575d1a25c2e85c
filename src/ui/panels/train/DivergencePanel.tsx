import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { divergenceText, runLabel, runName } from '#ui/runText.ts';
import { ForkForm, useForkSteps } from './ForkForm.tsx';
import { RecorderStrip } from './RecorderStrip.tsx';
import { StartAgain } from './StartAgain.tsx';

/** A run that diverged: what broke first, and ways to go on from before that. */
export function DivergencePanel({ run }: { run: TrainRecord }): ReactNode {
  const { layers } = run;
  const steps = useForkSteps(run);
  return (
    <section className="divergence" aria-label={`Divergence of ${runName(run)}`}>
      <h3>{`${runLabel(run)} ${divergenceText(run)}`}</h3>
      <p>Its curves up to there stay on the charts.</p>
      {layers ? <RecorderStrip history={layers} /> : <p>Its layers were not recorded.</p>}
      {steps?.length === 0 && (
        <p>
          No state of it from before that is kept (the first is, after a second of computing): it cannot be
          forked.
        </p>
      )}
      {steps && steps.length > 0 && <ForkForm key={run.id} run={run} steps={steps} />}
      <StartAgain key={`again ${run.id}`} run={run} />
    </section>
  );
}
