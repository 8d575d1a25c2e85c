import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import type { FinderRule } from '#domain/run.ts';
import { formatRate } from '#ui/format.ts';
import { ruleTexts } from '#ui/runText.ts';
import { studyActions } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { armRates, reasonOf } from './finderGroups.ts';
import type { ArmRates, FinderGroup } from './finderGroups.ts';

/** One click gives each arm of the study the rate that a rule suggests for it; another trains the arms at these. */
export function EveryArm({ groups }: { groups: readonly FinderGroup[] }): ReactNode {
  const id = useId();
  const [given, setGiven] = useState<ArmRates & { readonly rule: FinderRule }>();
  const said = given ? everyArmText(ruleTexts[given.rule].name, given) : '';
  const rules = Object.keys(ruleTexts) as FinderRule[]; // it has exactly the rules as keys
  const known = rules.filter((rule) => groups.some(({ ranges }) => ranges.some((one) => one.rule === rule)));
  if (known.length === 0) return null;
  const give = (rule: FinderRule): void => {
    const found = armRates(groups, rule);
    for (const { group, range, rate } of found.rates) {
      studyActions.setRate(group.experiment, rate, reasonOf(range));
    }
    setGiven({ ...found, rule });
  };
  const train = ({ rates }: ArmRates): void => {
    const seeds = rates.flatMap(({ group }) => group.runs.map(({ experiment }) => experiment.seed));
    studyActions.train(
      rates.map(({ group, range, rate }) => ({
        arm: { ...group.experiment, maxLearningRate: rate },
        reason: reasonOf(range),
      })),
      [...new Set(seeds)].toSorted((a, b) => a - b),
    );
    viewActions.setTab('study');
    viewActions.announce('A study that trains these arms is in the builder. Nothing has started.');
  };
  return (
    <div className="every-arm">
      <span id={id}>Give every arm of the study its own rate, by</span>
      <span className="every-arm-rules" role="group" aria-labelledby={id}>
        {known.map((rule) => (
          <button key={rule} type="button" className="button is-small" onClick={() => give(rule)}>
            {ruleTexts[rule].name}
          </button>
        ))}
      </span>
      <p className="field-help" role="status">
        {said}
        {said && (
          <>
            {' '}
            <button type="button" className="link" onClick={() => viewActions.setTab('study')}>
              To the study
            </button>
            {given && given.rates.length > 0 && (
              <>
                {' · '}
                <button type="button" className="link" onClick={() => train(given)}>
                  Train these arms at these rates
                </button>
              </>
            )}
          </>
        )}
      </p>
    </div>
  );
}

function everyArmText(rule: string, { rates, without, unreliable }: ArmRates): string {
  const given = rates.map(({ group, rate }) => `${group.name} ${formatRate(rate)}`).join(', ');
  return [
    given && `By ${rule}: ${given}.`,
    without.length > 0 && `No suggestion for ${without.join(', ')}: the rate stays.`,
    unreliable.length > 0 && `Spreads over more than 10×: ${unreliable.join(', ')}.`,
  ]
    .filter(Boolean)
    .join(' ');
}
