import type { TrainingClient } from '#client/trainingClient.ts';
import { decodeRuns } from '#export/runsJson.ts';
import { formatCount } from './format.ts';
import { runName } from './runText.ts';

/**
 * Keeps the runs and the states of files: runs first, since states belong to them.
 * @returns what came of it, in sentences.
 * @throws {Error} by rejection, naming the file that is at fault; what came before it is kept.
 */
export async function openRunFiles(
  client: Pick<TrainingClient, 'importRuns' | 'importCheckpoint' | 'getState'>,
  runs: readonly File[],
  states: readonly File[],
): Promise<string> {
  const said: string[] = [];
  if (runs.length > 0) {
    const read = await Promise.all(
      runs.map((file) => named(file, async () => decodeRuns(await file.text()))),
    );
    const { added, skipped } = await client.importRuns(read.flat());
    const there = skipped.length > 0 ? `; ${skipped.length} were there already` : '';
    said.push(`${added.length} ${added.length === 1 ? 'run was' : 'runs were'} added${there}.`);
  }
  for (const file of states) {
    const { runId, step } = await named(file, async () =>
      client.importCheckpoint(new Uint8Array(await file.arrayBuffer())),
    );
    const run = client.getState().runs.find(({ id }) => id === runId);
    said.push(`The state after step ${formatCount(step)} of ${run ? runName(run) : 'its run'} is kept.`);
  }
  return said.join(' ');
}

/** A file that lies beside the page. @throws {Error} by rejection where there is none. */
export async function fileBesidePage(path: string): Promise<File> {
  const response = await fetch(new URL(path, document.baseURI));
  if (!response.ok) throw new Error(`“${path}” is not there (${response.status}).`);
  return new File([await response.blob()], path);
}

async function named<Result>(file: File, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    throw new Error(`“${file.name}”: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
