import { useEffect, useId, useState } from 'react';
import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { armName } from '#domain/experiment.ts';
import type { Experiment } from '#domain/experiment.ts';
import { isOver } from '#domain/run.ts';
import { parseNumber, settingOf, withSettings } from '#domain/parameters.ts';
import { formatCount, formatRate } from '#ui/format.ts';
import { runName } from '#ui/runText.ts';
import { useClient, useClientState, useWaits } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { forkChoices, forkNetworks, forkProblem } from './forks.ts';

/** Steps of the kept states that a run can be forked from; undefined until they are known. */
export function useForkSteps({ id, status, checkpointStep }: TrainRecord): readonly number[] | undefined {
  const client = useClient();
  const isReady = useClientState((state) => state.kept.isRead);
  const [known, setKnown] = useState<{ readonly id: string; readonly steps: readonly number[] }>();
  useEffect(() => {
    if (!isReady || !isOver(status)) return undefined;
    let isCurrent = true;
    client.forkSteps(id).then(
      (steps) => isCurrent && setKnown({ id, steps }),
      () => isCurrent && setKnown({ id, steps: [] }),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, isReady, id, status, checkpointStep]);
  return known?.id === id ? known.steps : undefined;
}

/** Forks a run that is over from one of its kept states; nothing where none is left. */
export function ForkRun({ run }: { run: TrainRecord }): ReactNode {
  const steps = useForkSteps(run);
  if (!isOver(run.status) || !steps || steps.length === 0) return null;
  return (
    <details className="fold fork-run">
      <summary>Go on from a kept state with other settings</summary>
      <p className="field-help">
        A fork is a run of its own: its curve branches off where the state was kept, and both stay.
      </p>
      <ForkForm run={run} steps={steps} />
    </details>
  );
}

interface ForkFormProps {
  readonly run: TrainRecord;
  /** Of its kept states, newest last; at least one. */
  readonly steps: readonly number[];
}

/** What a fork does differently, from which state; starts it, or queues it behind what goes. */
export function ForkForm({ run, steps }: ForkFormProps): ReactNode {
  const id = useId();
  const client = useClient();
  const info = useClientState((state) => state.dataset.info);
  const [chosenStep, setStep] = useState<number>();
  const [rate, setRate] = useState<string>();
  const [network, setNetwork] = useState<string>();
  const [epochs, setEpochs] = useState<string>();
  const [clip, setClip] = useState<string>();
  const newest = steps.at(-1)!;
  const step = chosenStep !== undefined && steps.includes(chosenStep) ? chosenStep : newest;
  const networks = forkNetworks(run.experiment);
  const { norm, ws, wsGain = 'unit' } = networks.get(network ?? '') ?? run.experiment;
  const wanted = withSettings(run.experiment, {
    norm,
    ws,
    wsGain,
    ...(rate !== undefined && { maxLearningRate: parseNumber(rate) }),
    ...(epochs !== undefined && { epochs: parseNumber(epochs) }),
    ...(clip !== undefined && { gradientClip: parseNumber(clip) }),
  });
  const problem = forkProblem(run, wanted, step, info);
  const waits = useWaits();

  const fork = (experiment: Experiment): void => {
    if (forkProblem(run, experiment, step, info) !== undefined) return;
    client.fork(run.id, experiment, step);
    if (waits) {
      viewActions.announce(`The fork of ${runName(run)} waits in the queue; the Study tab lists it.`);
    } else viewActions.select('train', undefined);
  };
  return (
    <div className="fork-form">
      <p>
        {`The state after step ${formatCount(step)}`}
        {rateAt(run, step)}
        {'. Fork from there with:'}
      </p>
      <div className="fork-buttons">
        {forkChoices(wanted).map(({ label, change }) => (
          <button
            key={label}
            type="button"
            className="button"
            aria-disabled={problem !== undefined}
            onClick={() => fork(withSettings(wanted, change))}
          >
            {label}
          </button>
        ))}
      </div>
      <div className="fork-fields">
        {steps.length > 1 && (
          <label className="field">
            <span className="field-label">From the state after step</span>
            <select value={step} onChange={({ target }) => setStep(Number(target.value))}>
              {steps.toReversed().map((one) => (
                <option key={one} value={one}>
                  {formatCount(one)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="field">
          <span className="field-label">Fork’s max learning rate</span>
          <input
            className="number-input"
            type="text"
            inputMode="decimal"
            autoComplete="off"
            value={rate ?? formatRate(run.experiment.maxLearningRate, 3)}
            aria-describedby={`${id}-help`}
            onChange={({ target }) => setRate(target.value)}
          />
        </label>
        <label className="field">
          <span className="field-label">Fork’s normalization</span>
          <select value={armName(wanted)} onChange={({ target }) => setNetwork(target.value)}>
            {Array.from(networks.keys(), (name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span className="field-label">Epochs in all</span>
          <input
            className="number-input"
            type="text"
            inputMode="numeric"
            autoComplete="off"
            value={epochs ?? String(run.experiment.epochs)}
            aria-describedby={`${id}-help`}
            onChange={({ target }) => setEpochs(target.value)}
          />
        </label>
        <label className="field">
          <span className="field-label">Fork’s gradient clip (0: off)</span>
          <input
            className="number-input"
            type="text"
            inputMode="decimal"
            autoComplete="off"
            value={clip ?? String(settingOf(run.experiment, 'gradientClip'))}
            aria-describedby={`${id}-help`}
            onChange={({ target }) => setClip(target.value)}
          />
        </label>
        <button
          type="button"
          className="button is-primary"
          aria-disabled={problem !== undefined}
          aria-describedby={`${id}-help`}
          onClick={() => fork(wanted)}
        >
          {waits ? 'Queue the fork' : 'Start the fork'}
        </button>
      </div>
      <p className={problem === undefined ? 'field-help' : 'field-error'} id={`${id}-help`} role="status">
        {problem ?? (waits ? 'It starts when what goes and waits now has ended.' : '')}
      </p>
    </div>
  );
}

/** ', at learning rate 3e-3', where the steps of the run are there. */
function rateAt({ metrics }: TrainRecord, step: number): string {
  const rate = metrics.at('learningRates', step - 1);
  return Number.isFinite(rate) ? `, at learning rate ${formatRate(rate)}` : '';
}
