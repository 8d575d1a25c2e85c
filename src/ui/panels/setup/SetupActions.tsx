import type { ReactNode } from 'react';
import { questionById } from '#analysis/questions.ts';
import { areEqualArms } from '#domain/arms.ts';
import { useSetup } from '#ui/state/setupStore.ts';
import { studyActions, useStudy } from '#ui/state/studyStore.ts';
import { useCopyLink } from '#ui/state/useCopyLink.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/** Takes the set-up elsewhere: into a study, or into a link. */
export function SetupActions(): ReactNode {
  const experiment = useSetup((state) => state.experiment);
  const rateReason = useSetup((state) => state.rateReason);
  const plan = useStudy((state) => state.plans[state.active]);
  const { copy, said } = useCopyLink();
  const question = plan?.question && questionById(plan.question.id);
  const isThere = plan?.arms.some((arm) => areEqualArms(arm, experiment)) ?? false;
  return (
    <div className="setup-actions">
      <button
        type="button"
        className="button is-small setup-question"
        onClick={() => {
          viewActions.setTab('study');
          viewActions.openSheet(undefined);
        }}
      >
        {question ? `Question: ${question.title}` : 'Start from a question…'}
      </button>
      <button
        type="button"
        className="button is-small"
        onClick={() => {
          if (!isThere) studyActions.addArms([experiment], rateReason);
          viewActions.announce(isThere ? 'It is an arm of the study already.' : 'Added to the study.');
          viewActions.setTab('study');
          viewActions.openSheet(undefined);
        }}
      >
        {isThere ? 'To the study' : 'Add to study'}
      </button>
      <button type="button" className="button is-small" onClick={() => void copy()}>
        Copy link
      </button>
      <output className="field-help">{said}</output>
    </div>
  );
}
