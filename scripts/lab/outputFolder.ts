import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { RUN_FILES } from '#lab/messages.ts';
import { UsageError } from './usageError.ts';

/**
 * Makes the folder for a run's files.
 * @throws {UsageError} when it holds a run already, or cannot be made.
 */
export function prepareFolder(folder: string, overwrite: boolean): void {
  const held = Object.values(RUN_FILES).filter((name) => existsSync(join(folder, name)));
  if (held.length > 0 && !overwrite) {
    throw new UsageError(
      `--out ${folder}: it holds a run already (${held[0]}); choose another folder, --resume it, or --overwrite`,
    );
  }
  try {
    mkdirSync(folder, { recursive: true });
    // A checkpoint of the run before must not pass for one of this run.
    for (const name of held) rmSync(join(folder, name));
    for (const name of readdirSync(folder)) if (name.endsWith(PARTIAL)) rmSync(join(folder, name));
  } catch (error) {
    throw new UsageError(`--out ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const PARTIAL = '.partial';

/**
 * Creates or replaces a file at once, so that a crash leaves the old one or the new one.
 * @param name below `folder`.
 * @throws {Error} for a name that leads out of it.
 */
export function writeOutput(folder: string, name: string, content: Uint8Array | string): void {
  const path = resolve(folder, name);
  if (!path.startsWith(resolve(folder) + sep)) throw new Error(`${name} does not lie in ${folder}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path + PARTIAL, content);
  renameSync(path + PARTIAL, path);
}
