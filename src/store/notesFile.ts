import * as v from 'valibot';
import { NO_NOTES } from '#domain/keptRun.ts';
import type { RunNotes } from '#domain/keptRun.ts';
import { runNotesSchema } from '#domain/keptRunSchema.ts';
import { StorageError } from '#lib/files/storageError.ts';
import type { FolderFiles, StoreFiles } from '#lib/files/storeFiles.ts';
import { frame, readFrames } from './frames.ts';
import { RUN_UPGRADES, currentVersion, isRecord, upgraded, versionOf } from './upgrades.ts';

const notesSchema = v.strictObject({
  type: v.literal('notes'),
  version: v.number(),
  notes: runNotesSchema,
});

/** The notes in the newest file of a run's folder that is whole. */
export async function readNotes({ names, read }: FolderFiles): Promise<RunNotes> {
  for (const { file } of notesIn(names).toReversed()) {
    const bytes = await (await read(file))?.arrayBuffer();
    const record = bytes && readFrames(new Uint8Array(bytes))[0]?.record;
    if (!isRecord(record)) continue;
    const parsed = v.safeParse(notesSchema, upgraded(record, versionOf(record) ?? 1, RUN_UPGRADES));
    if (parsed.success) return parsed.output.notes;
  }
  return NO_NOTES;
}

/**
 * Writes notes as a new file and removes the older ones.
 * @throws {StorageError}; the older ones stay then.
 */
export async function writeNotes(store: StoreFiles, folder: string, notes: RunNotes): Promise<void> {
  const earlier = notesIn((await store.look(folder)).names);
  const file = `notes-${(earlier.at(-1)?.number ?? 0) + 1}.json`;
  const bytes = frame({ type: 'notes', version: currentVersion(RUN_UPGRADES), notes });
  await store.write(folder, file, [bytes]);
  const written = await store.read(folder, file);
  if (written?.size !== bytes.length) throw new StorageError(`${file} is not what was written.`);
  for (const { file: old } of earlier) {
    await store.removeFile(folder, old).catch(() => {
      // An older generation does not count; the next write removes it.
    });
  }
}

/** Oldest first. */
function notesIn(files: readonly string[]): { file: string; number: number }[] {
  return files
    .flatMap((file) => {
      const number = /^notes-(\d+)\.json$/.exec(file)?.[1];
      return number ? [{ file, number: Number(number) }] : [];
    })
    .sort((a, b) => a.number - b.number);
}
