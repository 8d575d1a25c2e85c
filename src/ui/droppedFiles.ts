/** What files are for, by their names and first bytes. */
export interface SortedFiles {
  /** Runs that this program has exported. */
  readonly runs: readonly File[];
  /** States of runs, with their optimizers. */
  readonly states: readonly File[];
  /** Weights to start from. */
  readonly weights: readonly File[];
  /** Images and archives, for all that is known of them. */
  readonly data: readonly File[];
}

/** First bytes of a state; CIFAR's files end with .bin, too. */
const STATE_MARK = 'NLCP';

export async function sortFiles(files: readonly File[]): Promise<SortedFiles> {
  const sorted = { runs: [] as File[], states: [] as File[], weights: [] as File[], data: [] as File[] };
  for (const file of files) sorted[await purposeOf(file)].push(file);
  return sorted;
}

async function purposeOf(file: File): Promise<keyof SortedFiles> {
  if (/\.json$/i.test(file.name) || file.type === 'application/json') return 'runs';
  if (/\.safetensors$/i.test(file.name)) return 'weights';
  const start = await file.slice(0, STATE_MARK.length).text();
  return start === STATE_MARK ? 'states' : 'data';
}

/** Whether a drop on the place for data is not meant for it. Only the names are known before files are read. */
export function isForPage(transfer: DataTransfer): boolean {
  return [...transfer.files].some(({ name }) => /\.(json|safetensors)$/i.test(name));
}
