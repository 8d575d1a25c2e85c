import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCifarArchive } from './cifarFiles.ts';
import { DatasetError } from './datasetError.ts';
import {
  archiveOf,
  CIFAR10_FILES,
  cifarFiles,
  fileOf,
  looseFiles,
  pickled,
  records,
  tarOf,
} from './fixtures/cifarFixtures.ts';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import { plain } from './fixtures/plain.ts';
import { parse } from './parse.ts';

const load = (...files: File[]) => parse({ kind: 'files', files });

async function sentence(...files: File[]): Promise<string> {
  const error = await load(...files).then(
    () => 'loaded',
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatasetError)) throw new Error('expected a DatasetError', { cause: error });
  expect(error.sentence).toMatch(/\.$/);
  return error.sentence;
}

describe('sound files', () => {
  test('an archive and its loose files in any order give the same set', async () => {
    const fromArchive = await load(await archiveOf(cifarFiles()));
    const fromFiles = await load(...looseFiles(cifarFiles()).toReversed());
    expect(fromArchive.info.title).toBe('CIFAR-10 (partial: 15 + 3 images)');
    expect(fromArchive.info.mean).toEqual([0.491, 0.482, 0.447]);
    expect(plain(fromFiles)).toEqual(plain(fromArchive));
  });

  test('turns planes into interleaved pixels and keeps the label', async () => {
    const files = cifarFiles(1);
    const { valid } = await load(await archiveOf(files));
    const record = files.get('test_batch.bin')!;
    expect(valid.labels[0]).toBe(record[0]);
    const expected = Array.from(
      { length: IMAGE_BYTES },
      (_, i) => record[1 + (i % 3) * 1024 + Math.floor(i / 3)],
    );
    expect([...valid.images]).toEqual(expected);
  });

  test('the Python archive gives the same set', async () => {
    const expected = plain(await load(await archiveOf(cifarFiles())));
    const batches = new Map(
      [...cifarFiles()].map(([name, bytes]) => [name.replace('.bin', ''), pickled(bytes)]),
    );
    expect(plain(await load(await archiveOf(batches, 'cifar-10-python.tar.gz')))).toEqual(expected);
    expect(plain(await load(...looseFiles(batches)))).toEqual(expected);
  });

  test('reads the fine labels of CIFAR-100', async () => {
    const files = new Map([
      ['train.bin', records(120, 0, 2, 100)],
      ['test.bin', records(7, 3, 2, 100)],
    ]);
    const { info, train } = await load(await archiveOf(files, 'cifar-100-binary.tar.gz'));
    expect(info.classNames).toHaveLength(100);
    expect([info.classNames[0], info.classNames[47], info.classNames[99]]).toEqual([
      'apple',
      'maple tree',
      'worm',
    ]);
    expect(info.title).toBe('CIFAR-100 (partial: 120 + 7 images)');
    expect(info.trainHistogram.slice(18, 22)).toEqual([2, 2, 1, 1]);
    expect(train.images).toHaveLength(120 * IMAGE_BYTES);
    files.get('test.bin')![5 * 3074 + 1] = 100;
    expect(await sentence(await archiveOf(files))).toContain(
      'test.bin: record 5 has label 100; CIFAR-100 labels are 0 to 99.',
    );
  });

  test('reads an unpacked tar, and files without a folder', async () => {
    const expected = (await load(...looseFiles(cifarFiles()))).info.hash;
    expect((await load(fileOf(await tarOf(cifarFiles(), ''), 'cifar.tar'))).info.hash).toBe(expected);
  });

  test('ignores other files in the archive', async () => {
    const files = new Map([
      ['readme.html', new Uint8Array(700)],
      ['._data_batch_1.bin', new Uint8Array(9)],
      ...cifarFiles(),
    ]);
    expect((await load(await archiveOf(files))).info.trainCount).toBe(15);
  });

  test('reports progress up to the end', async () => {
    const archive = await archiveOf(cifarFiles());
    let last = 0;
    await parse(
      { kind: 'files', files: [archive] },
      { onProgress: ({ done, total }) => void (last = done / total) },
    );
    expect(last).toBe(1);
  });

  test('an archive of the published size has to be the published one', async () => {
    const archive = await archiveOf(cifarFiles());
    const md5 = createHash('md5')
      .update(new Uint8Array(await archive.arrayBuffer()))
      .digest('hex');
    const byteLength = archive.size;
    const { info } = await loadCifarArchive(archive, {}, [{ byteLength, md5 }]);
    expect(info.trainCount).toBe(15);
    await expect(
      loadCifarArchive(archive, {}, [{ byteLength, md5: md5.replace(/^./, 'x') }]),
    ).rejects.toThrow(
      'cifar-10-binary.tar.gz has the size of the official archive but not its checksum (MD5): it is damaged. Download it again.',
    );
    // Another size: some other archive, which the records' own checks must do for.
    await loadCifarArchive(archive, {}, [{ byteLength: byteLength + 1, md5: '' }]);
  });

  const sample = '../shared/data/cifar10';
  test.runIf(existsSync(sample))('reads the real sample', async () => {
    const { info, train } = await load(
      ...CIFAR10_FILES.map((name) => fileOf(readFileSync(`${sample}/${name}`), name)),
    );
    expect(info.title).toBe('CIFAR-10 (partial: 5,170 + 1,017 images)');
    expect(info.trainHistogram.reduce((a, b) => a + b)).toBe(5170);
    expect(train.images).toHaveLength(5170 * IMAGE_BYTES);
    expect(info.notes).toEqual([]);
  });
});

describe('gzip faults', () => {
  test('truncated', async () => {
    const bytes = new Uint8Array(await (await archiveOf(cifarFiles())).arrayBuffer());
    for (const length of [bytes.length >> 1, bytes.length - 4]) {
      expect(await sentence(fileOf(bytes.subarray(0, length), 'cifar-10-binary.tar.gz'))).toBe(
        'cifar-10-binary.tar.gz ends too early: the download is incomplete. Download it again.',
      );
    }
  });

  test('wrong checksum', async () => {
    const bytes = new Uint8Array(await (await archiveOf(cifarFiles())).arrayBuffer());
    bytes[bytes.length - 6]! ^= 1;
    expect(await sentence(fileOf(bytes, 'a.tar.gz'))).toBe(
      'a.tar.gz is damaged: its packed data does not match its checksum or format. Download it again.',
    );
  });

  test('a web page under the archive’s name', async () => {
    const page = new TextEncoder().encode('\n<!DOCTYPE html><html><body>Not found</body></html>');
    expect(await sentence(fileOf(page, 'cifar-10-binary.tar.gz'))).toMatch(
      /^cifar-10-binary\.tar\.gz is a web page, not data/,
    );
    expect(await sentence(fileOf(gzipSync(page), 'x.tar.gz'))).toMatch(/ends too early|not a tar archive/);
  });

  test('not gzip at all, and empty', async () => {
    expect(await sentence(fileOf(records(1), 'photo.heic'))).toMatch(/^photo\.heic is not a gzip archive/);
    expect(await sentence(fileOf(new Uint8Array(0), 'a.tar.gz'))).toBe(
      'a.tar.gz is empty; download it again.',
    );
  });
});

describe('tar faults', () => {
  const pack = async (change: (tar: Uint8Array) => Uint8Array | void): Promise<File> => {
    const tar = await tarOf(cifarFiles());
    return fileOf(gzipSync(change(tar) ?? tar), 'a.tar.gz');
  };
  /** Rewrites the header of the first file (behind the folder's) with a right checksum. */
  const edit = (tar: Uint8Array, at: number, text: string): void => {
    const header = tar.subarray(512, 1024);
    header.set(new TextEncoder().encode(text), at);
    header.fill(32, 148, 156);
    const sum = header.reduce((a, b) => a + b);
    header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  };

  test('a wrong header checksum', async () => {
    expect(await sentence(await pack((tar) => void (tar[512]! ^= 1)))).toMatch(
      /header of file 2 in it fails its checksum/,
    );
  });

  test('a size lie of 8 GiB in a wanted and in an unwanted file', async () => {
    expect(await sentence(await pack((tar) => edit(tar, 124, '77777777777')))).toMatch(
      /not a whole number of 3,073-byte/,
    );
    expect(
      await sentence(
        await pack((tar) => {
          edit(tar, 0, 'cifar-10-batches-bin/readme.html\0');
          edit(tar, 124, '77777777777');
        }),
      ),
    ).toMatch(/ends too early/);
  });

  test('a size that is no octal number', async () => {
    expect(await sentence(await pack((tar) => edit(tar, 124, '-0000000001')))).toMatch(/has no valid size/);
  });

  test('a path that climbs is only a name', async () => {
    const set = await load(await pack((tar) => edit(tar, 0, '../../../../etc/data_batch_1.bin\0')));
    expect(set.info.trainCount).toBe(15);
  });

  test('a file that is there twice', async () => {
    const tar = await tarOf(cifarFiles());
    const twice = Buffer.concat([tar.subarray(0, tar.length - 1024), tar.subarray(512)]);
    expect(await sentence(fileOf(gzipSync(twice), 'a.tar.gz'))).toMatch(
      /^a\.tar\.gz holds data_batch_1\.bin twice/,
    );
  });

  test('cut within a file, and without its closing block', async () => {
    const tar = await tarOf(cifarFiles());
    for (const length of [5000, tar.length - 1024]) {
      expect(await sentence(fileOf(gzipSync(tar.subarray(0, length)), 'a.tar.gz'))).toBe(
        'a.tar.gz ends too early: the archive is incomplete. Download it again.',
      );
    }
  });

  test('missing batches are named', async () => {
    const files = cifarFiles();
    files.delete('data_batch_3.bin');
    files.delete('test_batch.bin');
    expect(await sentence(await archiveOf(files, 'a.tar.gz'))).toBe(
      'a.tar.gz lacks data_batch_3.bin and test_batch.bin; CIFAR-10 needs all 6 files together (or cifar-10-binary.tar.gz).',
    );
  });

  test('an archive of something else', async () => {
    const other = new Map([['notes.txt', new Uint8Array(20)]]);
    expect(await sentence(await archiveOf(other, 'a.tar.gz'))).toMatch(
      /^a\.tar\.gz holds none of the files of CIFAR/,
    );
  });
});

describe('record faults', () => {
  const withFile = (name: string, bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> =>
    cifarFiles().set(name, bytes);

  test('a length that is not whole records', async () => {
    expect(await sentence(...looseFiles(withFile('data_batch_2.bin', records(2).slice(0, -1))))).toBe(
      'data_batch_2.bin is 6,145 bytes long, which is not a whole number of 3,073-byte CIFAR-10 records; download it again.',
    );
  });

  test.each([10, 255])('label %i', async (label) => {
    const bytes = records(5);
    bytes[3 * 3073] = label;
    const expected = `data_batch_3.bin: record 3 has label ${label}; CIFAR-10 labels are 0 to 9.`;
    expect(await sentence(...looseFiles(withFile('data_batch_3.bin', bytes)))).toContain(expected);
    expect(await sentence(await archiveOf(withFile('data_batch_3.bin', bytes)))).toContain(expected);
  });

  test('an empty file, a doubled file, a foreign file, no file', async () => {
    expect(await sentence(...looseFiles(withFile('test_batch.bin', new Uint8Array(0))))).toBe(
      'test_batch.bin is empty; download it again.',
    );
    const files = looseFiles(cifarFiles());
    expect(await sentence(...files, files[0]!)).toMatch(/^data_batch_1\.bin is there twice/);
    expect(await sentence(...files, fileOf(records(1), 'notes.bin'))).toMatch(
      /^notes\.bin is not a file of CIFAR-10/,
    );
    expect(await sentence(fileOf(records(1), 'notes.bin'))).toMatch(/^notes\.bin is not a file of CIFAR/);
    expect(await sentence()).toMatch(/^No file was chosen/);
  });

  test('more records than the official file has', async () => {
    expect(
      await sentence(...looseFiles(withFile('data_batch_1.bin', new Uint8Array(3073 * 10_001)))),
    ).toMatch(/^data_batch_1\.bin holds 10,001 records, but the CIFAR-10 file has 10,000/);
  });

  test('labels that are all equal are warned of', async () => {
    const files = new Map(
      CIFAR10_FILES.map((name, salt) => {
        const bytes = records(3, salt);
        for (let r = 0; r < 3; r++) bytes[r * 3073] = 4;
        return [name, bytes];
      }),
    );
    expect((await load(...looseFiles(files))).info.notes).toEqual([
      'Every training image is labelled deer, so there is nothing to learn.',
    ]);
  });
});

test('stops at once when it is cancelled', async () => {
  const controller = new AbortController();
  const promise = parse(
    { kind: 'files', files: [await archiveOf(cifarFiles(40))] },
    { signal: controller.signal, onProgress: () => controller.abort() },
  );
  await expect(promise).rejects.toMatchObject({ name: 'AbortError' });
});

test(
  'any damage to an archive is an error in words or leaves the content as it was',
  { timeout: 30_000 },
  async () => {
    const archive = new Uint8Array(await (await archiveOf(cifarFiles(1))).arrayBuffer());
    const { info } = await load(fileOf(archive, 'a.tar.gz'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (flips) => {
          const damaged = archive.slice();
          for (const [at, mask] of flips) damaged[at]! ^= mask;
          const result = await load(fileOf(damaged, 'a.tar.gz')).catch((error: unknown) => error);
          if (!(result instanceof DatasetError)) expect(result).toMatchObject({ info: { hash: info.hash } });
        },
      ),
      { numRuns: 80 },
    );
  },
);

test(
  'any damage to the tar inside is an error in words or a set of the right form',
  { timeout: 30_000 },
  async () => {
    const tar = await tarOf(cifarFiles(1));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(1100), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        fc.nat(),
        async (edits, cut) => {
          const damaged = tar.slice(0, cut % 3 === 0 ? cut % tar.length : tar.length);
          for (const [at, value] of edits) if (at < damaged.length) damaged[at] = value;
          const result = await load(fileOf(damaged, 'a.tar')).catch((error: unknown) => error);
          if (!(result instanceof DatasetError))
            expect(result).toMatchObject({ info: { trainCount: 5, validCount: 1 } });
        },
      ),
      { numRuns: 80 },
    );
  },
);
