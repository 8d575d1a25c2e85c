import { useState } from 'react';
import type { ReactNode } from 'react';
import type { FinderRecord } from '#client/runRecord.ts';
import { areEqualArms } from '#domain/arms.ts';
import { armName } from '#domain/experiment.ts';
import type { Experiment } from '#domain/experiment.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';
import { studyActions, useStudy } from '#ui/state/studyStore.ts';

type Whose = 'setup' | 'arm' | 'all';

/** Whose learning rate the finder's marker, its chart and its suggestions choose. */
export interface RateTarget {
  readonly whose: Whose;
  readonly choose: (whose: Whose) => void;
  readonly options: readonly { readonly value: Whose; readonly label: string; readonly title: string }[];
  /** As in a sentence: 'the set-up'. */
  readonly name: string;
  /** What it has now. */
  readonly rate: number;
  readonly set: (learningRate: number, reason: string) => void;
}

/** The set-up; or, where the study has arms, the arm of a finder or all of them. */
export function useRateTarget(run: FinderRecord | undefined): RateTarget {
  const [chosen, choose] = useState<Whose>('setup');
  const setupRate = useSetup((state) => state.experiment.maxLearningRate);
  const arms = useStudy((state) => state.plans[state.active]?.arms) ?? [];
  const experiment = run?.experiment;
  const options: RateTarget['options'] =
    arms.length === 0
      ? []
      : [
          { value: 'setup', label: 'the set-up', title: 'Of the next single run' },
          ...(experiment
            ? [
                {
                  value: 'arm' as const,
                  label: `${armName(experiment)} in the study`,
                  title: 'Of the arm that the selected finder is of',
                },
              ]
            : []),
          { value: 'all', label: 'every arm', title: 'Of all arms of the study' },
        ];
  const option = options.find(({ value }) => value === chosen);
  const whose = option?.value ?? 'setup';
  const arm = experiment && arms.find((one) => isArmOf(one, experiment));
  const rates: Record<Whose, number | undefined> = {
    setup: setupRate,
    arm: arm?.maxLearningRate,
    all: arms[0]?.maxLearningRate,
  };
  return {
    whose,
    choose,
    options,
    name: option?.label ?? 'the set-up',
    rate: rates[whose] ?? setupRate,
    set: (learningRate, reason) => {
      if (whose === 'all') studyActions.setEveryRate(learningRate, reason);
      else if (whose === 'arm' && experiment) studyActions.setRate(experiment, learningRate, reason);
      else setupActions.setRate(learningRate, reason);
    },
  };
}

/** Whether two settings are of one arm, whatever their learning rates. */
function isArmOf(arm: Experiment, { maxLearningRate, ...others }: Experiment): boolean {
  return areEqualArms({ ...arm, maxLearningRate }, { ...others, maxLearningRate });
}

/** Chooses the target; nothing where there is one only. */
export function RateTargetChoice({ target }: { target: RateTarget }): ReactNode {
  return target.options.length === 0 ? null : (
    <div className="rate-target">
      <Segmented
        label="Marker, clicks and suggestions set the rate of"
        options={target.options}
        value={target.whose}
        onChange={target.choose}
      />
    </div>
  );
}
