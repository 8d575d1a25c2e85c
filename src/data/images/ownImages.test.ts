import { encode as encodePng } from 'fast-png';
import { zipSync } from 'fflate';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import type { Dataset } from '#domain/dataset.ts';
import { fileOf } from '../fixtures/cifarFixtures.ts';
import { plain } from '../fixtures/plain.ts';
import { parse } from '../parse.ts';
import { decodeImage } from './decodeImage.ts';

const png = (value: number, size = 40): Uint8Array =>
  encodePng({
    width: size,
    height: size,
    channels: 3,
    data: new Uint8Array(size * size * 3).map((_, i) => (value * 17 + i) & 255),
  });
const jpeg = (red: number): Uint8Array => {
  const data = new Uint8Array(64 * 48 * 4).map((_, i) => [red, 100, 50, 255][i % 4]!);
  return new Uint8Array(encodeJpeg({ width: 64, height: 48, data }, 95).data);
};

/** Ten images of two classes. */
const sound = new Map<string, Uint8Array>(
  Array.from({ length: 10 }, (_, i) => [`photos/${i < 5 ? 'cat' : 'dog'}/${i}.png`, png(i)]),
);

function load(files: ReadonlyMap<string, Uint8Array>, seed = 0): Promise<Dataset> {
  return parse({
    kind: 'images',
    title: 'photos',
    seed,
    files: [...files].map(([path, bytes]) => ({ path, file: fileOf(bytes, path.split('/').at(-1)!) })),
  });
}

test('takes folders for classes and splits each', async () => {
  const { info } = await load(sound);
  expect(info).toMatchObject({
    title: 'photos',
    classNames: ['cat', 'dog'],
    trainCount: 8,
    validCount: 2,
    trainHistogram: [4, 4],
    notes: [],
  });
  expect(info.deviation.every((value) => value > 0.1)).toBe(true);
});

test('the split depends on the seed and the images alone', async () => {
  const renamed = new Map(
    [...sound].map(([path, bytes], i) => [path.replace(/\d/, String(99 - i)), bytes] as const).toReversed(),
  );
  expect(plain(await load(renamed))).toEqual(plain(await load(sound)));
  expect((await load(sound, 1)).info.hash).not.toBe((await load(sound, 2)).info.hash);
});

test('a zip gives the same set as the folder in it', async () => {
  const zip = zipSync(
    Object.fromEntries([
      ...sound,
      ['photos/.DS_Store', new Uint8Array(3)],
      ['__MACOSX/photos/cat/._1.png', new Uint8Array(3)],
    ]),
  );
  const dataset = await parse({ kind: 'files', files: [fileOf(zip, 'photos.zip')] });
  const { info } = await load(sound);
  expect(dataset.info).toEqual({ ...info, title: 'photos.zip' });
});

test('says what was skipped and why', async () => {
  const cut = jpeg(200);
  const files = new Map([
    ...sound,
    ['photos/readme.txt', new Uint8Array(3)],
    ['photos/cat/broken.png', png(1).slice(0, 200)],
    ['photos/cat/broken.jpg', cut.slice(0, cut.length >> 1)],
    ['photos/dog/notes.txt', new TextEncoder().encode('no picture')],
    ['photos/dog/nothing.png', new Uint8Array(0)],
  ]);
  const { info } = await load(files);
  expect(info.trainCount + info.validCount).toBe(10);
  expect(info.notes).toEqual([
    'Skipped 1 file, in no class folder: photos/readme.txt.',
    'Skipped 2 files, damaged: photos/cat/broken.jpg, photos/cat/broken.png.',
    'Skipped 1 file, not PNG, JPEG or WebP: photos/dog/notes.txt.',
    'Skipped 1 file, empty: photos/dog/nothing.png.',
  ]);
});

describe('refuses in a sentence', () => {
  const only = (test: (path: string) => boolean) => new Map([...sound].filter(([path]) => test(path)));
  test.each<[string, ReadonlyMap<string, Uint8Array>, RegExp]>([
    [
      'one class',
      only((path) => path.includes('cat')),
      /^photos holds no class folders|^photos holds 1 class folder; put/,
    ],
    [
      'a class with one image',
      only((path) => path.includes('cat') || path.includes('5')),
      /the class dog has fewer than two readable images/,
    ],
    ['no files', new Map(), /^photos holds no class folders/],
    [
      'folders that are halves',
      new Map([...sound].map(([path, bytes], i) => [path.replace('photos', i % 2 ? 'train' : 'val'), bytes])),
      /^photos is divided into train and val; choose the folder inside/,
    ],
    [
      'too many classes',
      new Map(Array.from({ length: 101 }, (_, i) => [`photos/${i}/a.png`, new Uint8Array(1)])),
      /^photos holds 101 class folders; put the images of each class into a folder of its own, 2 to 100/,
    ],
  ])('%s', async (_, files, message) => {
    await expect(load(files)).rejects.toMatchObject({
      name: 'DatasetError',
      message: expect.stringMatching(message),
    });
  });
});

describe('decoding', () => {
  test('JPEG', async () => {
    const { width, height, pixels } = await decodeImage(jpeg(200));
    expect([width, height]).toEqual([64, 48]);
    expect(Math.abs(pixels[0]! - 200)).toBeLessThan(4);
    expect(Math.abs(pixels[1]! - 100)).toBeLessThan(4);
  });

  test('PNG: grey, transparent, 16 bits, two colours', async () => {
    const decode = async (png: Parameters<typeof encodePng>[0]) => [
      ...(await decodeImage(encodePng(png))).pixels,
    ];
    expect(await decode({ width: 1, height: 2, channels: 1, data: Uint8Array.of(7, 200) })).toEqual([
      7, 7, 7, 200, 200, 200,
    ]);
    expect(await decode({ width: 1, height: 1, channels: 4, data: Uint8Array.of(100, 0, 0, 0) })).toEqual([
      255, 255, 255,
    ]);
    expect(await decode({ width: 1, height: 1, channels: 2, data: Uint8Array.of(40, 255) })).toEqual([
      40, 40, 40,
    ]);
    expect(
      await decode({ width: 1, height: 1, channels: 3, depth: 16, data: Uint16Array.of(0xff00, 0x1234, 0) }),
    ).toEqual([255, 0x12, 0]);
    expect(
      await decode({ width: 3, height: 1, channels: 1, depth: 1, data: Uint8Array.of(0b10100000) }),
    ).toEqual([255, 255, 255, 0, 0, 0, 255, 255, 255]);
  });

  test('does not allocate what a damaged header asks for', async () => {
    const huge = png(1).slice();
    new DataView(huge.buffer).setUint32(16, 0x7fffffff);
    await expect(decodeImage(huge)).rejects.toThrow('over 50 megapixels');
  });

  test('WebP needs the browser', async () => {
    await expect(decodeImage(new TextEncoder().encode('RIFF0000WEBPVP8 '))).rejects.toThrow(
      /this browser cannot decode exactly/,
    );
  });
});
