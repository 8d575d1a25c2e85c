import { useRef } from 'react';
import type { ReactNode } from 'react';
import type { StudyPlan } from '#analysis/question.ts';
import { areEqualArms, armNames, differingSettings } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import { armStyle } from '#ui/charts/palette.ts';
import { formatRate } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { Swatch } from '#ui/parts/Swatch.tsx';
import { useSetup } from '#ui/state/setupStore.ts';
import { studyActions } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/** The arms of the study, named by what tells them apart. */
export function ArmList({ plan }: { plan: StudyPlan }): ReactNode {
  const experiment = useSetup((state) => state.experiment);
  const setupReason = useSetup((state) => state.rateReason);
  const heading = useRef<HTMLHeadingElement>(null);
  const names = armNames(plan.arms);
  const hasRates = differingSettings(plan.arms).includes('maxLearningRate');
  const isThere = plan.arms.some((arm) => areEqualArms(arm, experiment));
  const twin = (index: number): void => {
    studyActions.addTwin(index);
    viewActions.announce(`${names[index]} has a twin.`);
  };
  const remove = (index: number): void => {
    studyActions.removeArm(index);
    viewActions.announce(`${names[index]} removed.`);
    // The button that had the focus is gone.
    heading.current?.focus();
  };
  return (
    <section aria-label="Arms">
      <h3 className="study-heading" ref={heading} tabIndex={-1}>
        {`Arms (${plan.arms.length})`}
      </h3>
      {plan.arms.length === 0 ? (
        <p className="field-help">
          An arm is one configuration. Add the current set-up, change something there and add it again; or
          take combinations from the grid; or start from a question.
        </p>
      ) : (
        <ul className="arm-list">
          {plan.arms.map((arm, i) => {
            const reason = plan.rateReasons?.[i] || undefined;
            return (
              <li key={names[i]} className="arm">
                <Swatch style={armStyle(arm)} />
                <span className="arm-name">{names[i]}</span>
                <span className="arm-rate">{plan.kind === 'train' && rateText(arm, hasRates, reason)}</span>
                {plan.kind === 'train' && (
                  <button
                    type="button"
                    className="button is-quiet is-small"
                    aria-label={`Add a twin of arm ${names[i]}`}
                    title="The same arm once more: in a race their difference is what the device adds"
                    onClick={() => twin(i)}
                  >
                    Twin
                  </button>
                )}
                <button
                  type="button"
                  className="button is-quiet is-icon"
                  aria-label={`Remove arm ${names[i]}`}
                  onClick={() => remove(i)}
                >
                  <Icon name="close" />
                </button>
              </li>
            );
          })}
        </ul>
      )}
      <div className="study-actions">
        <button
          type="button"
          className="button"
          aria-disabled={isThere}
          onClick={() => {
            if (!isThere) studyActions.addArms([experiment], setupReason);
          }}
        >
          Add the current set-up as an arm
        </button>
        {isThere && <span className="field-help">The current set-up is an arm already.</span>}
      </div>
    </section>
  );
}

/** The rate where the name does not have it, and why it is what it is. */
function rateText(arm: Experiment, isInName: boolean, reason: string | undefined): string {
  if (isInName) return reason ?? '';
  const rate = `LR ${formatRate(arm.maxLearningRate, 3)}`;
  return reason === undefined ? rate : `${rate}: ${reason}`;
}
