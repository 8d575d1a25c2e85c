import { twinOf } from '#analysis/wsOverhead.ts';
import type { RunRecord, TrainRecord } from '#client/runRecord.ts';
import { armName } from '#domain/experiment.ts';
import { meanImagesPerSecond, stepTimeOf } from '#ui/runSpeed.ts';
import { runDetails, runResult } from '#ui/runText.ts';
import type { SortColumn } from '#ui/state/compareStore.ts';

/** A run as the table lists it; figures that are not known are undefined and sort last. */
export interface RunRow {
  readonly run: TrainRecord;
  readonly arm: string;
  readonly study: string;
  readonly bestLoss: number | undefined;
  readonly lastLoss: number | undefined;
  readonly bestAccuracy: number | undefined;
  readonly lastAccuracy: number | undefined;
  /** Last validation loss and accuracy minus those of the baseline; undefined without one. */
  readonly lossDelta: number | undefined;
  readonly accuracyDelta: number | undefined;
  /** Milliseconds of training and validation, pauses excluded. */
  readonly time: number | undefined;
  /** Images per second of training. */
  readonly speed: number | undefined;
  /** Time per step over that of the twin without WS on the same device. */
  readonly overhead: number | undefined;
  /** Steps done. */
  readonly divergedAt: number | undefined;
}

/** Time per step over that of the twin without WS, where both are known. */
function overheadOf(run: TrainRecord, runs: readonly TrainRecord[]): number | undefined {
  const own = run.experiment.ws ? stepTimeOf(run) : undefined;
  if (!own) return undefined;
  const twin = twinOf(
    run,
    runs.filter((other) => other.deviceTitle === run.deviceTitle && stepTimeOf(other) !== undefined),
  );
  const without = twin && stepTimeOf(twin);
  return without && own.milliseconds / own.steps / (without.milliseconds / without.steps);
}

/** The table's rows for some of all training runs, beside the run of an id where one is pinned. */
export function runRows(
  shown: readonly TrainRecord[],
  all: readonly TrainRecord[],
  baselineId?: string,
): readonly RunRow[] {
  const pinned = all.find(({ id }) => id === baselineId);
  const reference = pinned && runResult(pinned);
  return shown.map((run) => {
    const result = runResult(run);
    const epochMs = run.epochs.reduce((sum, row) => sum + row.milliseconds, 0);
    const stepMs = run.metrics.at('elapsedMs', run.metrics.count - 1);
    return {
      run,
      arm: armName(run.experiment),
      study: run.origin?.studyTitle ?? '',
      bestLoss: finite(result?.bestLoss),
      lastLoss: finite(result?.lastLoss),
      bestAccuracy: finite(result?.bestAccuracy),
      lastAccuracy: finite(result?.lastAccuracy),
      lossDelta: minus(result?.lastLoss, reference?.lastLoss),
      accuracyDelta: minus(result?.lastAccuracy, reference?.lastAccuracy),
      time: epochMs > 0 ? epochMs : finite(stepMs),
      speed: meanImagesPerSecond(run),
      overhead: overheadOf(run, all),
      divergedAt: run.divergence && run.divergence.step + 1,
    };
  });
}

/** Undefined where one of the two is not known. */
function minus(value: number | undefined, other: number | undefined): number | undefined {
  return value === undefined || other === undefined ? undefined : finite(value - other);
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** A copy in the order of a column; equal rows and unknown figures keep the order of start, unknown last. */
export function sortRows(
  rows: readonly RunRow[],
  { column, isDescending }: { readonly column: SortColumn; readonly isDescending: boolean },
): readonly RunRow[] {
  const valueOf = (row: RunRow): number | string | undefined =>
    column === 'number' ? row.run.number : row[column];
  const direction = isDescending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === y) return a.run.number - b.run.number;
    if (x === undefined || x === '') return 1;
    if (y === undefined || y === '') return -1;
    return (x < y ? -1 : 1) * direction;
  });
}

/** What the words of a filter are looked for in. */
function searchText(run: RunRecord): string {
  const { experiment, notes, origin } = run;
  return [
    `#${run.number}`,
    notes.name,
    notes.note,
    armName(experiment),
    origin?.studyTitle ?? '',
    origin?.question?.id ?? '',
    runDetails(run),
    run.datasetTitle,
    run.deviceTitle,
    run.status,
  ]
    .join('\n')
    .toLowerCase();
}

/** The filter that finds exactly one tag or study: `tag:"keep it"`. */
export function filterWord(field: 'tag' | 'study', value: string): string {
  return `${field}:"${plainText(value)}"`;
}

/** Quotes hold a word of a filter together, so none is looked for. */
function plainText(text: string): string {
  return text.replaceAll('"', '').toLowerCase();
}

/**
 * Whether a run has every word of a filter: 'bn+ws 64' anywhere, 'tag:good' among its tags, 'study:batch' in the
 * title of its study, 'study:"batch 2"' as that title.
 */
export function matchesFilter(run: RunRecord, filter: string): boolean {
  const words = filter.toLowerCase().match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  const text = searchText(run);
  return words.every((raw) => {
    const word = plainText(raw);
    if (word.startsWith('tag:')) {
      return run.notes.tags.some((tag) => plainText(tag) === word.slice(4));
    }
    if (word.startsWith('study:')) {
      const title = plainText(run.origin?.studyTitle ?? '');
      return raw.startsWith('study:"') ? title === word.slice(6) : title.includes(word.slice(6));
    }
    return text.includes(word);
  });
}
