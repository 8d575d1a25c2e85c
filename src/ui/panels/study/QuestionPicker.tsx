import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { notebookMeasure, notebookText } from '#analysis/notebookRuns.ts';
import { NOTEBOOK_NOTE } from '#analysis/questions/notebook.ts';
import type { Question } from '#analysis/question.ts';
import { claimSummaries } from '#analysis/claims/summaries.ts';
import { workOf } from '#analysis/question.ts';
import { questions } from '#analysis/questions.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import type { QuestionRef } from '#domain/study.ts';
import { formatBytes, formatCount } from '#ui/format.ts';
import { useLedger } from '#ui/panels/compare/useLedger.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { VerdictChip } from '#ui/parts/VerdictChip.tsx';
import { studiesTime, studyBytes, timeText } from '#ui/studyCost.ts';
import { studyActions, useStudy } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { MeasureTime } from './StudyCost.tsx';
import { useMeasuredBytes, useStepTimes } from './useStepTimes.ts';

type Size = QuestionRef['size'];

/** The claims of the post as ready-made studies; choosing one fills the builder and starts nothing. */
export function QuestionPicker({ info }: { info: DatasetInfo | undefined }): ReactNode {
  const id = useId();
  // Until something else is picked, the question that is in the builder, wherever it came from.
  const built = useStudy((state) => state.plans[state.active]?.source?.question);
  const [picked, setPicked] = useState<{ readonly id?: string; readonly size?: Size }>({});
  const chosen = picked.id ?? built?.id ?? '';
  const size = picked.size ?? built?.size ?? 'quick';
  const question = questions.find((one) => one.id === chosen);
  return (
    <section className="question" aria-label="Question">
      <div className="field">
        <label className="field-label" htmlFor={id}>
          Start from a question
        </label>
        <select
          id={id}
          className="text-input"
          value={chosen}
          onChange={(event) => setPicked({ ...picked, id: event.target.value })}
        >
          <option value="">None: build your own study</option>
          {questions.map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}
            </option>
          ))}
        </select>
      </div>
      {question && (
        <>
          <Segmented<Size>
            label="Size"
            options={(['quick', 'full'] as const).map((value) => ({
              value,
              label: value,
              title: question.sizes[value].title,
            }))}
            value={size}
            onChange={(value) => setPicked({ ...picked, size: value })}
          />
          <QuestionFacts question={question} size={size} info={info} />
          <div className="study-actions">
            <button
              type="button"
              className="button"
              onClick={() => {
                studyActions.loadQuestion(question, size);
                setPicked({});
                viewActions.announce(`${question.sizes[size].title} is in the builder. Nothing has started.`);
              }}
            >
              Put it in the builder
            </button>
            <span className="field-help">Starts nothing yet.</span>
          </div>
        </>
      )}
    </section>
  );
}

function QuestionFacts(props: { question: Question; size: Size; info: DatasetInfo | undefined }): ReactNode {
  const { question, info } = props;
  const times = useStepTimes();
  const size = question.sizes[props.size];
  const time = info && studiesTime(size.studies, info, times);
  const timed = time && timeText(time);
  const measured = useMeasuredBytes();
  const bytes = Math.max(0, ...size.studies.map((study) => studyBytes(study, measured)));
  const work = info && workOf(size.studies, info);
  const notebook = notebookText(question);
  return (
    <dl className="question-facts">
      <Fact term="Claim">{question.claim}</Fact>
      <Fact term="The post’s evidence">{question.evidence}</Fact>
      <Fact term="Runs">
        {size.note}
        {work && ` On this data: ${formatCount(work.runs)} runs, ${formatCount(work.steps)} steps.`}
      </Fact>
      <Fact term="Measure">{question.measure}</Fact>
      <Fact term="Decision">{question.rule}</Fact>
      <Fact term="Takes here">
        {`${timed ?? 'a time that was not measured yet.'}${timed ? ' and about' : ' About'} ${formatBytes(bytes)} of GPU memory.`}
        {time?.isPartial && <MeasureTime arms={size.studies.flatMap(({ arms }) => arms)} />}
      </Fact>
      {notebook && (
        <Fact term="Notebook">
          {notebookMeasure(question) === 'time'
            ? `Time of WS over that without it, ${notebook}: ${NOTEBOOK_NOTE}.`
            : `${notebook}. Drawn as hollow points: ${NOTEBOOK_NOTE}.`}
        </Fact>
      )}
      <SoFar question={question} size={props.size} />
    </dl>
  );
}

/** What runs of this browser say already, as in the ledger. */
function SoFar({ question, size }: { question: Question; size: Size }): ReactNode {
  const all = useLedger().filter((row) => row.question === question.id && row.size === size);
  const rows = all.filter(({ count }) => count > 0);
  const summaries = claimSummaries(all).filter((summary) => summary.rows.length > 1);
  if (rows.length === 0) return null;
  return (
    <Fact term="Your runs">
      <ul className="question-verdicts">
        {summaries.map(({ verdict, dataset, sentence }) => (
          <li key={dataset?.hash}>
            <VerdictChip verdict={verdict} /> <strong>{sentence}</strong>
          </li>
        ))}
        {rows.map((row) => (
          <li key={`${row.measure} ${row.dataset?.hash}`}>
            <VerdictChip verdict={row.verdict} /> {`n = ${row.count}, ${row.measure}`}
          </li>
        ))}
      </ul>
      <button type="button" className="button is-small" onClick={() => viewActions.setTab('compare')}>
        To the claims ledger
      </button>
    </Fact>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
