import { useId } from 'react';
import type { ReactNode } from 'react';
import { FINDER_IMAGES, finderStepsFor } from '#analysis/finderBands.ts';
import type { StudyPlan } from '#analysis/question.ts';
import { questionById } from '#analysis/questions.ts';
import { raceWarning } from '#domain/arms.ts';
import { defaultFinderSettings } from '#domain/run.ts';
import { withRule } from '#domain/runOptions.ts';
import { isQueueOver } from '#client/studyQueue.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { Notice } from '#ui/parts/Notice.tsx';
import { ProbesField } from '#ui/parts/ProbesField.tsx';
import { StopRuleField } from '#ui/parts/StopRuleField.tsx';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { formatCount } from '#ui/format.ts';
import { useClient, useClientState } from '#ui/state/client.ts';
import { parseSeeds, plansToStart, studyActions, studyFrom, useStudy } from '#ui/state/studyStore.ts';
import type { BuilderPlan } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { ArmList } from './ArmList.tsx';
import { GridBuilder } from './GridBuilder.tsx';
import { QueuePanel } from './QueuePanel.tsx';
import { QuestionPicker } from './QuestionPicker.tsx';
import { StudyCost } from './StudyCost.tsx';
import { startProblem } from './startProblem.ts';

/** Builds a study: arms, seeds and how they run; shows what goes on of it. */
export function StudyPanel(): ReactNode {
  const plans = useStudy((state) => state.plans);
  const active = useStudy((state) => state.active);
  const info = useClientState((state) => state.dataset.info);
  const plan = plans[active] ?? plans[0]!;
  return (
    <div className="study">
      <p className="lead">
        A study trains several arms with the same seeds: the same initial weights and the same batches, so
        that what differs is the arm’s doing.
      </p>
      <QueuePanel />
      <QuestionPicker info={info} />
      {plans.length > 1 && (
        <Segmented
          label="Its studies"
          options={plans.map((one, i) => ({ value: i, label: one.title }))}
          value={active}
          onChange={studyActions.edit}
        />
      )}
      <LostQuestion plan={plan} />
      <PlanForm plan={plan} />
      <ArmList plan={plan} />
      <details className="fold">
        <summary>Add combinations from a grid</summary>
        <GridBuilder />
      </details>
      <StudyStart plans={plans} />
    </div>
  );
}

/** An edit has taken away what the question is decided by: says so, and offers the way back. */
function LostQuestion({ plan }: { plan: BuilderPlan }): ReactNode {
  const { source, question } = plan;
  const count = useStudy((state) => state.plans.length);
  const asked = source && !question && questionById(source.question.id);
  if (!asked) return null;
  const isAlone = count < asked.sizes[source.question.size].studies.length;
  return (
    <Notice
      tone="info"
      title={`This study no longer answers “${asked.title}”`}
      actions={
        <button type="button" className="button is-small" onClick={studyActions.restoreQuestion}>
          Put back what it needs
        </button>
      }
    >
      An arm or the ramp that its decision rests on was changed. Its runs get no notebook points; the ledger
      counts those whose settings match. Seeds, their order and further arms can change freely.
      {isAlone && ' The other studies of the question are left out.'}
    </Notice>
  );
}

/** What the runs are, how they share the GPU, and how often they repeat. */
function PlanForm({ plan }: { plan: StudyPlan }): ReactNode {
  const id = useId();
  const seedsDraft = useStudy((state) => state.seedsDraft);
  const areSeedsWrong = seedsDraft !== undefined && !parseSeeds(seedsDraft);
  return (
    <div className="study-form">
      <Segmented<StudyPlan['kind']>
        label="Each run"
        options={[
          { value: 'train', label: 'trains' },
          { value: 'finder', label: 'finds a learning rate' },
        ]}
        value={plan.kind}
        onChange={studyActions.setKind}
      />
      {plan.kind === 'train' ? (
        <Segmented<StudyPlan['mode']>
          label="Runs go"
          options={[
            { value: 'queue', label: 'one after another' },
            { value: 'race', label: 'as a race', title: 'One step of each arm in turn, on the same batches' },
          ]}
          value={plan.mode}
          onChange={studyActions.setMode}
        />
      ) : (
        <FinderBudget plan={plan} />
      )}
      {plan.kind === 'train' && (
        <>
          <StopRuleField
            rule={plan.options?.stopRule}
            onChange={(stopRule) => studyActions.setOptions(withRule(plan.options ?? {}, stopRule))}
          />
          <ProbesField options={plan.options ?? {}} onChange={studyActions.setOptions} />
        </>
      )}
      <div className="field">
        <label className="field-label" htmlFor={id}>
          Seeds
        </label>
        <input
          id={id}
          className="text-input"
          type="text"
          autoComplete="off"
          spellCheck={false}
          value={seedsDraft ?? plan.seeds.join(' ')}
          aria-invalid={areSeedsWrong ? true : undefined}
          aria-describedby={`${id}-help`}
          onChange={(event) => studyActions.typeSeeds(event.target.value)}
        />
        <p className={areSeedsWrong ? 'field-error' : 'field-help'} id={`${id}-help`}>
          {areSeedsWrong
            ? 'Whole numbers with spaces between them, or “3 seeds”.'
            : 'Every arm runs once per seed. A list such as 0 1 2, or “3 seeds”.'}
        </p>
      </div>
    </div>
  );
}

function FinderBudget({ plan }: { plan: BuilderPlan }): ReactNode {
  const { finderImages } = plan;
  const batches = [...new Set(plan.arms.map((arm) => arm.batchSize))];
  const steps = batches.map(
    (batch) => `${formatCount(finderStepsFor(finderImages ?? 0, batch))} steps at batch ${batch}`,
  );
  return (
    <div className="field">
      <Segmented
        label="Images of each finder"
        options={[
          { value: 0, label: 'as in the post' },
          { value: FINDER_IMAGES, label: formatCount(FINDER_IMAGES) },
          { value: 4 * FINDER_IMAGES, label: formatCount(4 * FINDER_IMAGES) },
        ]}
        // A question may have a length of its own, which is none of the three.
        value={finderImages ?? (plan.finder?.steps === defaultFinderSettings.steps ? 0 : -1)}
        onChange={(images) => studyActions.setFinderImages(images === 0 ? undefined : images)}
      />
      <p className="field-help">
        {finderImages === undefined
          ? `${formatCount(plan.finder?.steps ?? 0)} steps at any batch size.`
          : `The same number of images for every arm: ${steps.join(', ')}.`}
      </p>
    </div>
  );
}

/** What the study takes, what stands against it, and its start. */
function StudyStart({ plans }: { plans: readonly BuilderPlan[] }): ReactNode {
  const client = useClient();
  const info = useClientState((state) => state.dataset.info);
  const connection = useClientState((state) => state.connection);
  const isGoing = useClientState((state) => !isQueueOver(state.queue));
  const seedsDraft = useStudy((state) => state.seedsDraft);
  const toStart = plans.flatMap(plansToStart);
  const problem = !info
    ? 'There is no data to train on.'
    : connection.status === 'ready'
      ? startProblem(plans, seedsDraft, info)
      : 'The GPU is not ready.';
  const warnings = plans.filter((plan) => plan.mode === 'race').map((plan) => raceWarning(plan.arms));
  const start = (): void => {
    if (problem) return;
    for (const plan of toStart) client.startStudy(studyFrom(plan));
    viewActions.select(plans[0]!.kind, undefined);
    viewActions.setTab(plans[0]!.kind === 'finder' ? 'find' : 'train');
    viewActions.announce(isGoing ? 'The study waits behind the one that goes.' : 'The study has started.');
  };
  return (
    <section className="study-start" aria-label="Cost and start">
      {info && toStart.some((plan) => plan.arms.length > 0) && <StudyCost plans={toStart} info={info} />}
      {warnings.map(
        (text) =>
          text && (
            <Notice key={text} tone="warning">
              {text}
            </Notice>
          ),
      )}
      <div className="study-actions">
        <button
          type="button"
          className="button is-primary"
          aria-disabled={problem !== undefined}
          onClick={start}
        >
          <Icon name="play" />
          {isGoing ? 'Add to the queue' : 'Start study'}
        </button>
        <button type="button" className="button is-quiet" onClick={studyActions.clear}>
          Empty the builder
        </button>
        {problem && <span className="transport-detail is-obstacle">{problem}</span>}
      </div>
    </section>
  );
}
