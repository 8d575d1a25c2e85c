import type { ReactNode } from 'react';
import type { FinderRecord } from '#client/runRecord.ts';
import { defaultFinderSettings } from '#domain/run.ts';
import { formatRate } from '#ui/format.ts';
import { Notice } from '#ui/parts/Notice.tsx';
import { finderReason, ruleTexts, runDetails, runLabel } from '#ui/runText.ts';

interface SuggestionsProps {
  readonly run: FinderRecord;
  readonly maxLearningRate: number;
  readonly onAdopt: (learningRate: number, reason: string) => void;
}

/** What each rule reads off the curve; one click adopts it. */
export function Suggestions({ run, maxLearningRate, onAdopt }: SuggestionsProps): ReactNode {
  const { result } = run;
  return (
    <section className="suggestions" aria-label="Suggested learning rates">
      <header className="suggestions-head">
        <h3>Suggestions of {runLabel(run)}</h3>
        <p className="field-help">
          {runDetails(run)}
          {result ? ` · ${finderReason(result)}` : ''}
          {run.settings.steps !== defaultFinderSettings.steps &&
            ` · smoothing and trims scaled from fastai’s ${defaultFinderSettings.steps} steps`}
        </p>
      </header>
      {result?.disagree && (
        <Notice tone="warning" title="The rules disagree by more than a factor of ten.">
          {run.experiment.batchSize <= 8
            ? 'That is the normal case at tiny batches: the loss of a few images is mostly noise. Trust the curve, not a number: choose a rate on the descent, well below the rise. More steps steady it.'
            : 'Trust the curve, not a number: choose a rate on the descent, well below the rise.'}
        </Notice>
      )}
      <ul className="suggestion-list">
        {result ? (
          result.suggestions.map((suggestion) => {
            const { name, what } = ruleTexts[suggestion.rule];
            const rate =
              suggestion.learningRate === undefined
                ? undefined
                : Number(suggestion.learningRate.toPrecision(2));
            return (
              <li key={suggestion.rule}>
                {rate === undefined ? (
                  <div className="suggestion is-missing">
                    <span className="suggestion-name">{name}</span>
                    <span className="suggestion-rate">–</span>
                    <span className="suggestion-what">{suggestion.note ?? 'No suggestion.'}</span>
                  </div>
                ) : (
                  <button
                    type="button"
                    className="suggestion"
                    aria-pressed={rate === maxLearningRate}
                    aria-label={`Use ${formatRate(rate)}, the suggestion of ${name}: ${what}`}
                    onClick={() => onAdopt(rate, name)}
                  >
                    <span className="suggestion-name">{name}</span>
                    <span className="suggestion-rate">{formatRate(rate)}</span>
                    <span className="suggestion-what">{what}</span>
                  </button>
                )}
              </li>
            );
          })
        ) : (
          <li className="field-help">They come when the finder has ended.</li>
        )}
      </ul>
    </section>
  );
}
