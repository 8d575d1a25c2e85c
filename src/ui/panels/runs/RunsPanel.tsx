import { memo, useState } from 'react';
import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { armName } from '#domain/experiment.ts';
import { isOver } from '#domain/run.ts';
import { runStyles } from '#ui/charts/palette.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { formatCount, formatLoss, formatPercent, formatRate, formatSpeed } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { Swatch } from '#ui/parts/Swatch.tsx';
import { flopsPerImage, meanImagesPerSecond } from '#ui/runSpeed.ts';
import { endedByRule, runDetails, runResult, statusText } from '#ui/runText.ts';
import { ContinueRun } from './ContinueRun.tsx';
import { StorageStatus } from './StorageStatus.tsx';
import { isFinderRun, isTrainRun, useClient, useRuns } from '#ui/state/client.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';

/** Older runs are listed on demand: a list of hundreds is long to draw and longer to read. */
const LISTED = 30;

/** Every run, newest first: show, hide, choose, continue, remove. */
export function RunsPanel(): ReactNode {
  const runs = useRuns();
  const [isWhole, setWhole] = useState(false);
  const styles = runStyles(runs);
  const groups = [
    { kind: 'train' as const, title: 'Training', runs: runs.filter(isTrainRun) },
    { kind: 'finder' as const, title: 'Learning-rate finder', runs: runs.filter(isFinderRun) },
  ];
  if (runs.length === 0) {
    return (
      <>
        <p className="runs-empty">
          Every run will be listed here, so that its curve can be laid over others, hidden or removed.
        </p>
        <StorageStatus />
      </>
    );
  }
  return (
    <div className="runs">
      {groups.map(
        (group) =>
          group.runs.length > 0 && (
            <section key={group.kind} aria-label={`${group.title} runs`}>
              <h3 className="runs-group" tabIndex={-1}>
                {group.title}
              </h3>
              <ul className="run-list">
                {group.runs
                  .slice(isWhole ? 0 : -LISTED)
                  .toReversed()
                  .map((run) => (
                    <RunItem
                      key={run.id}
                      run={run}
                      style={styles.get(run.id)!}
                      newest={group.runs.at(-1)?.id}
                    />
                  ))}
              </ul>
              {!isWhole && group.runs.length > LISTED && (
                <button type="button" className="link runs-more" onClick={() => setWhole(true)}>
                  {`Show ${formatCount(group.runs.length - LISTED)} earlier`}
                </button>
              )}
            </section>
          ),
      )}
      <StorageStatus />
    </div>
  );
}

const RunItem = memo(function RunItem({
  run,
  style,
  newest,
}: {
  run: RunRecord;
  style: RunStyle;
  newest: string | undefined;
}): ReactNode {
  const client = useClient();
  const isHidden = useView((state) => state.hidden.includes(run.id));
  const selected = useView((state) => state.selected[run.kind]);
  const { toggleHidden, select, setTab, openSheet } = viewActions;
  const isSelected = (selected ?? newest) === run.id;
  const spoken = `${run.kind === 'finder' ? 'finder' : 'run'} ${run.number} ${armName(run.experiment)}`;
  return (
    <li className={`run-item${isSelected ? ' is-selected' : ''}${isHidden ? ' is-hidden' : ''}`}>
      <label className="run-visible" title={isHidden ? 'Show on the charts' : 'Hide from the charts'}>
        <input
          type="checkbox"
          checked={!isHidden}
          aria-label={`Show ${spoken}`}
          onChange={() => toggleHidden(run.id)}
        />
        <Swatch style={style} />
      </label>
      <button
        type="button"
        className="run-main"
        aria-pressed={isSelected}
        aria-label={`Select ${spoken}, ${statusText(run)}`}
        onClick={() => {
          select(run.kind, run.id);
          setTab(run.kind === 'finder' ? 'find' : 'train');
          openSheet(undefined);
        }}
      >
        <span className="run-name">
          <span className="run-number">#{run.number}</span> {armName(run.experiment)}
          {run.notes.name && <span className="run-given">{` “${run.notes.name}”`}</span>}
        </span>
        <span className={`run-status is-${run.status}`}>
          {isOver(run.status) ? '' : '● '}
          {statusText(run)}
        </span>
        <span className="run-details">{runDetails(run)}</span>
        {run.detail && <span className={endedByRule(run) ? 'run-details' : 'run-problem'}>{run.detail}</span>}
        <RunFigures run={run} />
      </button>
      <ContinueRun run={run} />
      <button
        type="button"
        className="button is-quiet is-icon run-remove"
        aria-label={`Remove ${spoken}`}
        title={isOver(run.status) ? 'Remove' : 'Stop and remove'}
        onClick={(event) => {
          client.remove([run.id]);
          // This button goes with its run.
          event.currentTarget.closest('section')?.querySelector('h3')?.focus();
        }}
      >
        <Icon name="close" />
      </button>
    </li>
  );
});

function RunFigures({ run }: { run: RunRecord }): ReactNode {
  if (run.kind === 'finder') {
    const valley = run.result?.suggestions.find((suggestion) => suggestion.rule === 'valley');
    return valley?.learningRate === undefined ? null : (
      <span className="run-figures">
        <span>valley {formatRate(valley.learningRate)}</span>
      </span>
    );
  }
  const result = runResult(run);
  if (!result) return null;
  const speed = isOver(run.status) ? meanImagesPerSecond(run) : undefined;
  const isBestLast = result.bestLoss === result.lastLoss;
  return (
    <span className="run-figures">
      <span>
        <i>valid</i> {formatLoss(result.lastLoss)}
        {!isBestLast && <small> best {formatLoss(result.bestLoss)}</small>}
      </span>
      <span>
        <i>acc.</i> {formatPercent(result.lastAccuracy)}
        {result.bestAccuracy !== result.lastAccuracy && (
          <small> best {formatPercent(result.bestAccuracy)}</small>
        )}
      </span>
      {speed !== undefined && (
        <span className="run-speed">
          {formatSpeed(speed)} <small>images/s</small>{' '}
          {formatSpeed((speed * flopsPerImage(run.experiment)) / 1e9)} <small>GFLOP/s</small>
        </span>
      )}
    </span>
  );
}
