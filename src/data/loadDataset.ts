import type { Dataset, DatasetSource } from '#domain/dataset.ts';
import { DataLibrary } from './dataLibrary.ts';
import type { LoadOptions } from './progress.ts';

export type { LoadOptions } from './progress.ts';

const library = new DataLibrary();

/** As `DataLibrary.load`, of a library that all callers of one worker share. */
export function loadDataset(source: DatasetSource, options: LoadOptions = {}): Promise<Dataset> {
  return library.load(source, options);
}
