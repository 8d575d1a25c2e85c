import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CIFAR10, CIFAR100, CIFAR10_PYTHON } from '#data/cifarFormat.ts';
import { INIT_FILE, RUN_FILES, type LabData } from '#lab/messages.ts';
import { UsageError } from './usageError.ts';

/** Files that the lab may read, by the names it knows them under. */
export type Inputs = ReadonlyMap<string, string>;

const FORMATS = [CIFAR10, CIFAR100, CIFAR10_PYTHON];

/**
 * The files behind `--data`.
 * @throws {UsageError} when there is nothing that could be a data set.
 */
export function dataInputs(data: string): { readonly data: LabData; readonly inputs: Inputs } {
  if (data === 'built-in') return { data: { kind: 'built-in' }, inputs: new Map() };
  const paths = dataPaths(data);
  const inputs = new Map(paths.map((path) => [`data/${basename(path)}`, resolve(path)]));
  return { data: { kind: 'files', names: [...inputs.keys()] }, inputs };
}

/** @throws {UsageError} when the file is not there. */
export function initInputs(file: string | undefined): Inputs {
  if (file === undefined) return new Map();
  if (!isFile(file)) throw new UsageError(`--init ${file}: there is no such file`);
  return new Map([[INIT_FILE, resolve(file)]]);
}

/** @throws {UsageError} when the folder holds no run with a checkpoint. */
export function resumeInputs(folder: string): Inputs {
  const names = [RUN_FILES.run, RUN_FILES.checkpoint, RUN_FILES.initialWeights];
  for (const name of [RUN_FILES.run, RUN_FILES.checkpoint]) {
    if (!isFile(join(folder, name))) throw new UsageError(`--resume ${folder}: there is no ${name} in it`);
  }
  return new Map(
    names
      .filter((name) => isFile(join(folder, name)))
      .map((name) => [`resume/${name}`, resolve(folder, name)]),
  );
}

/** @throws {UsageError} */
export function readSweepFile(file: string): string {
  if (!isFile(file)) throw new UsageError(`${file}: there is no such file`);
  return readFileSync(file, 'utf8');
}

function dataPaths(data: string): string[] {
  if (!existsSync(data)) throw new UsageError(`--data ${data}: there is no such folder or file`);
  if (isFile(data)) return [data];
  const found = [data, ...readdirSync(data).map((name) => join(data, name))].filter((path) => !isFile(path));
  for (const folder of found) {
    const paths = looseFiles(folder) ?? archive(folder);
    if (paths) return paths;
  }
  throw new UsageError(
    `--data ${data}: no files of CIFAR-10 in it; expected ${CIFAR10.trainFiles[0]} to ${CIFAR10.trainFiles.at(-1)} and ${CIFAR10.validFile}, or ${CIFAR10.officialArchive} (npm run data brings it into .cache/data)`,
  );
}

/** All files of one published form; undefined when one is missing. */
function looseFiles(folder: string): string[] | undefined {
  for (const { trainFiles, validFile } of FORMATS) {
    const paths = [...trainFiles, validFile].map((name) => join(folder, name));
    if (paths.every(isFile)) return paths;
  }
  return undefined;
}

function archive(folder: string): string[] | undefined {
  const name = FORMATS.map(({ officialArchive }) => officialArchive).find((file) =>
    isFile(join(folder, file)),
  );
  return name === undefined ? undefined : [join(folder, name)];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
