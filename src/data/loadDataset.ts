import type { Dataset, DatasetSource } from '#domain/dataset.ts';
import type { ParseJob } from './parse.ts';
import { parseInWorker } from './parserHost.ts';
import type { LoadOptions } from './progress.ts';

export type { LoadOptions } from './progress.ts';

/** What loading is made of; tests give it fakes. */
export interface LoadParts {
  parse(job: ParseJob, options: LoadOptions): Promise<Dataset>;
}

const PARTS: LoadParts = { parse: parseInWorker };

/**
 * Loads a data set. Touches nothing of the one in use: the caller swaps when this resolves.
 * @throws {DatasetError} with a sentence for users; a `DOMException` named `AbortError` when cancelled.
 */
export function loadDataset(
  source: DatasetSource,
  options: LoadOptions = {},
  parts: LoadParts = PARTS,
): Promise<Dataset> {
  const job: ParseJob =
    source.kind === 'built-in'
      ? { kind: 'built-in', seed: source.seed ?? 0 }
      : { kind: 'files', files: source.files };
  return parts.parse(job, options);
}
