import type { DatasetSource } from '#domain/dataset.ts';

/** A file and where it lies in what was chosen. */
export interface PlacedFile {
  /** With folders, separated by '/'. */
  readonly path: string;
  readonly file: File;
}

/** The unpacked archives of CIFAR; such a folder is no folder of images. */
const CIFAR_FILE = /^((data_batch_[1-5]|test_batch)(\.bin)?|(train|test)\.bin)$/;

/** A folder as a source of data: own images by class, or the files of an unpacked CIFAR archive. */
export function sourceOfFolder(title: string, files: readonly PlacedFile[]): DatasetSource {
  const cifar = files.filter(({ file }) => CIFAR_FILE.test(file.name));
  return cifar.length > 0
    ? { kind: 'files', files: cifar.map(({ file }) => file) }
    : { kind: 'images', title, files };
}

/** The folder that a file dialog gave; undefined when it is empty. */
export function sourceOfChosenFolder(files: readonly File[]): DatasetSource | undefined {
  const [first] = files;
  if (!first) return undefined;
  const slash = (file: File): number => file.webkitRelativePath.indexOf('/');
  return sourceOfFolder(
    first.webkitRelativePath.slice(0, Math.max(0, slash(first))) || 'Chosen folder',
    files.map((file) => ({ path: file.webkitRelativePath.slice(slash(file) + 1) || file.name, file })),
  );
}

/**
 * What was dropped: files, or folders with all that is in them. Several folders are the classes of one set.
 * Must be called in the event itself: the browser forgets the items after it.
 * @returns undefined when nothing that was dropped is a file.
 * @throws {DOMException} when the browser cannot read a folder.
 */
export async function sourceOfDrop(transfer: DataTransfer): Promise<DatasetSource | undefined> {
  const plain = [...transfer.files];
  const entries = [...transfer.items].flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    return entry ? [entry] : [];
  });
  if (!entries.some(isDirectory)) return plain.length > 0 ? { kind: 'files', files: plain } : undefined;
  const [only] = entries;
  if (entries.length === 1 && only && isDirectory(only)) {
    return sourceOfFolder(only.name, await filesIn(only, ''));
  }
  const files = await Promise.all(entries.map((entry) => placed(entry, '')));
  return sourceOfFolder('Dropped folders', files.flat());
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

async function placed(entry: FileSystemEntry, parent: string): Promise<PlacedFile[]> {
  if (isDirectory(entry)) return filesIn(entry, `${parent}${entry.name}/`);
  const file = await new Promise<File>((resolve, reject) =>
    // An entry that is no directory is a file.
    (entry as FileSystemFileEntry).file(resolve, reject),
  );
  return [{ path: parent + entry.name, file }];
}

async function filesIn(directory: FileSystemDirectoryEntry, parent: string): Promise<PlacedFile[]> {
  const reader = directory.createReader();
  const files: PlacedFile[] = [];
  for (;;) {
    // Browsers give a folder in portions, and an empty one at its end.
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (portion.length === 0) return files;
    files.push(...(await Promise.all(portion.map((entry) => placed(entry, parent)))).flat());
  }
}
