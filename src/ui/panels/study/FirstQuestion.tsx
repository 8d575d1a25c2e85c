import type { ReactNode } from 'react';
import { questionById } from '#analysis/questions.ts';
import { RecordedRuns } from '#ui/panels/runs/RecordedRuns.tsx';
import { studyActions } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/** What a first visit is offered: the post's own question, at a size that takes minutes. */
const FIRST = questionById('P2');

/** A way into the page for those who come with nothing in mind: puts a question in the builder, starts nothing. */
export function FirstQuestion(): ReactNode {
  if (!FIRST) return null;
  const { quick } = FIRST.sizes;
  return (
    <div className="first-question">
      <button
        type="button"
        className="button"
        onClick={() => {
          studyActions.loadQuestion(FIRST, 'quick');
          viewActions.setTab('study');
          viewActions.announce(`${quick.title} is in the builder. Nothing has started.`);
        }}
      >
        Start with a question
      </button>
      <RecordedRuns />
      <span className="field-help">{`Or let the page propose what to compare: ${quick.title}`}</span>
    </div>
  );
}
