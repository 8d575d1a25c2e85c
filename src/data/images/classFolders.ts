import { DatasetError } from '../datasetError.ts';
import type { ImageFile } from './ownImages.ts';

export interface ClassFolder {
  readonly name: string;
  readonly members: readonly ImageFile[];
}

const MAX_CLASSES = 100;
const HALVES = new Set(['train', 'training', 'val', 'valid', 'validation', 'test']);

/**
 * Takes the first folder below the files' common one as a file's class. Classes and files are in the order
 * of their names. What operating systems leave behind (`.DS_Store`, `__MACOSX`) counts as not there.
 * @throws {DatasetError} when there are not 2 to 100 classes.
 */
export function sortIntoClasses(
  files: readonly ImageFile[],
  title: string,
): { classes: ClassFolder[]; stray: ImageFile[] } {
  const kept = files
    .map((file) => ({ file, parts: file.path.split('/').filter((part) => part !== '' && part !== '.') }))
    .filter(
      ({ parts }) =>
        !parts.some((part) => part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db'),
    )
    .sort((a, b) => compare(a.file.path, b.file.path));
  const depth = commonDepth(kept.map(({ parts }) => parts));
  const groups = new Map<string, ImageFile[]>();
  const stray: ImageFile[] = [];
  for (const { file, parts } of kept) {
    const name = parts.length > depth + 1 ? parts[depth] : undefined;
    if (name === undefined) stray.push(file);
    else if (groups.has(name)) groups.get(name)!.push(file);
    else groups.set(name, [file]);
  }
  const names = [...groups.keys()].sort(compare);
  if (names.length < 2 || names.length > MAX_CLASSES) {
    throw new DatasetError(
      'not-recognized',
      `${title} holds ${names.length === 0 ? 'no' : names.length} class ${names.length === 1 ? 'folder' : 'folders'}; put the images of each class into a folder of its own, 2 to ${MAX_CLASSES} of them.`,
    );
  }
  if (names.every((name) => HALVES.has(name.toLowerCase()))) {
    throw new DatasetError(
      'not-recognized',
      `${title} is divided into ${names.join(' and ')}; choose the folder inside that has one folder per class.`,
    );
  }
  return { classes: names.map((name) => ({ name, members: groups.get(name)! })), stray };
}

/** How many folders all files share, as long as folders follow below. */
function commonDepth(paths: readonly (readonly string[])[]): number {
  // A readme beside the folders must not end the common part.
  const inFolders = paths.filter((parts) => parts.length > 1);
  const [first] = inFolders;
  if (!first) return 0;
  let depth = 0;
  while (
    inFolders.every((parts) => parts.length > depth + 1 && parts[depth] === first[depth]) &&
    inFolders.some((parts) => parts.length > depth + 2)
  ) {
    depth++;
  }
  return depth;
}

/** By code units: the same everywhere, unlike the order of a language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
