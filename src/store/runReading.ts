import type { KeptRun, RunHeader } from '#domain/keptRun.ts';
import type { FolderFiles } from '#lib/files/storeFiles.ts';
import type { CheckpointStore } from './checkpointStore.ts';
import { readNotes } from './notesFile.ts';
import { readLog, replay, type LogReading } from './runEvents.ts';
import { EVENTS, STEPS } from './runFiles.ts';
import { HEADER_BYTES, firstStepOf, recordCount } from './stepRecords.ts';

const READ_ATTEMPTS = 3;

/** A snapshot that another tab writes to meanwhile cannot be read to its end: then a new one is taken. */
export async function again<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (attempt === READ_ATTEMPTS) throw error;
    }
  }
}

/** Undefined when there is no such file. */
export function fileBytes(
  { read }: Pick<FolderFiles, 'read'>,
  name: string,
): Promise<Uint8Array | undefined> {
  return again(async () => {
    const file = await read(name);
    return file && new Uint8Array(await file.arrayBuffer());
  });
}

/** The log of a run; undefined when there is none. */
export async function readLogOf(folder: FolderFiles): Promise<LogReading | undefined> {
  try {
    const bytes = await fileBytes(folder, EVENTS);
    return bytes && bytes.length > 0 ? readLog(bytes) : undefined;
  } catch (error) {
    return { kind: 'refused', reason: `the browser cannot read it (${String(error)})` };
  }
}

/**
 * What is kept of a run besides its steps, from its log and its other files.
 * @param parts.isGoing whether a tab is computing it now.
 */
export async function runOfLog(
  { header, events }: Extract<LogReading, { kind: 'run' }>,
  parts: {
    readonly folder: FolderFiles;
    readonly checkpoints: CheckpointStore;
    readonly isGoing: () => boolean;
  },
): Promise<KeptRun> {
  const { folder, checkpoints, isGoing } = parts;
  const end = await recordedEnd(header, await folder.read(STEPS));
  return {
    header,
    notes: await readNotes(folder),
    ...replay(events, isGoing()),
    // Forks that came from files of before have steps that they never took, before their own.
    stepCount: Math.max(0, end - (header.forkOf?.step ?? 0)),
    // A checkpoint beyond the recorded steps could not be continued: the smoothed loss follows from them.
    checkpointStep: await checkpoints.newestStep(header.runId, folder, end),
  };
}

/** The step after the last recorded one. */
async function recordedEnd(header: RunHeader, file: Blob | undefined): Promise<number> {
  const count = recordCount(file?.size ?? 0);
  // Only a fork's steps may begin after step 0.
  if (!header.forkOf || !file) return count;
  const start = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
  return (firstStepOf(start) ?? header.forkOf.step) + count;
}
