import { describe, expect, it } from 'vitest';
import { sourceOfChosenFolder, sourceOfDrop } from './chosenFiles.ts';

/** A folder as the file system interface of drag and drop gives it, two entries at a time. */
function directory(name: string, children: readonly object[]): object {
  return {
    name,
    isDirectory: true,
    createReader: () => {
      const left = [...children];
      return { readEntries: (give: (entries: object[]) => void) => give(left.splice(0, 2)) };
    },
  };
}
function entry(name: string): object {
  return { name, isDirectory: false, file: (give: (file: File) => void) => give(new File(['x'], name)) };
}
/** Only what `sourceOfDrop` reads of it. */
function drop(entries: readonly object[], files: readonly File[] = []): DataTransfer {
  return {
    files,
    items: entries.map((item) => ({ webkitGetAsEntry: () => item })),
  } as unknown as DataTransfer;
}
function chosen(path: string): File {
  return Object.assign(new File(['x'], path.split('/').at(-1)!), { webkitRelativePath: path });
}
const pathsOf = (source: Awaited<ReturnType<typeof sourceOfDrop>>): readonly string[] | undefined =>
  source?.kind === 'images' ? source.files.map(({ path }) => path) : undefined;

describe('sourceOfDrop', () => {
  const cats = directory('cat', [entry('1.png'), entry('2.png'), entry('3.png')]);
  const dogs = directory('dog', [entry('1.png')]);

  it('reads a folder to its end, with paths that count from it', async () => {
    const source = await sourceOfDrop(drop([directory('pets', [cats, dogs, entry('readme.md')])]));
    expect(source).toMatchObject({ kind: 'images', title: 'pets' });
    expect(pathsOf(source)).toEqual(['cat/1.png', 'cat/2.png', 'cat/3.png', 'dog/1.png', 'readme.md']);
  });

  it('takes several folders as the classes of one set', async () => {
    const source = await sourceOfDrop(drop([cats, dogs]));
    expect(pathsOf(source)).toEqual(['cat/1.png', 'cat/2.png', 'cat/3.png', 'dog/1.png']);
  });

  it('takes the files out of an unpacked archive of CIFAR', async () => {
    const unpacked = directory('cifar-10-batches-bin', [
      entry('data_batch_1.bin'),
      entry('batches.meta.txt'),
    ]);
    const source = await sourceOfDrop(drop([unpacked]));
    expect(source).toMatchObject({ kind: 'files', files: [{ name: 'data_batch_1.bin' }] });
  });

  it('takes files as they are, and nothing from what is no file', async () => {
    const file = new File(['x'], 'cifar-10-binary.tar.gz');
    expect(await sourceOfDrop(drop([entry(file.name)], [file]))).toEqual({ kind: 'files', files: [file] });
    expect(await sourceOfDrop(drop([]))).toBeUndefined();
  });
});

describe('sourceOfChosenFolder', () => {
  it('names the set after the folder', () => {
    const source = sourceOfChosenFolder([chosen('pets/cat/1.png'), chosen('pets/dog/1.png')]);
    expect(source).toMatchObject({ kind: 'images', title: 'pets' });
    expect(pathsOf(source)).toEqual(['cat/1.png', 'dog/1.png']);
    expect(sourceOfChosenFolder([])).toBeUndefined();
  });
});
