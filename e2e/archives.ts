import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';

const RECORD_BYTES = 1 + 3072;
const NAMES = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), 'test_batch.bin'];

/** A file as Playwright hands it to a page. */
export interface UploadFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Records of CIFAR-10's binary form with images that compress badly, as real ones do. */
function records(count: number, label: (index: number) => number): Buffer {
  const bytes = Buffer.alloc(count * RECORD_BYTES);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 24;
  }
  for (let i = 0; i < count; i++) bytes[i * RECORD_BYTES] = label(i);
  return bytes;
}

/** One file of an archive in the ustar format. */
function tarEntry(name: string, data: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8) + octal(0, 8), 108);
  header.write(octal(data.length, 12) + octal(0, 12), 124);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar', 257);
  header.write('00', 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** A gzip archive laid out as the official one, each batch holding what `content` gives. */
function archive(content: (name: string) => Buffer): Buffer {
  const entries = NAMES.map((name) => tarEntry(`cifar-10-batches-bin/${name}`, content(name)));
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
}

const good = (): Buffer => records(10, (index) => index);

function upload(buffer: Buffer, mimeType = 'application/gzip'): UploadFile {
  return { name: 'cifar-10-binary.tar.gz', mimeType, buffer };
}

/** Ten images in each of the six batches. */
export function soundArchive(): UploadFile {
  return upload(archive(good));
}

/** CIFAR-100 with two training images and one validation image per class. */
export function cifar100Archive(): UploadFile {
  const recordsOf = (count: number): Buffer => {
    const plain = records(count, (index) => index % 100);
    const coarse = Buffer.of(0);
    return Buffer.concat(
      Array.from({ length: count }, (_, i) => [
        coarse,
        plain.subarray(i * RECORD_BYTES, (i + 1) * RECORD_BYTES),
      ]).flat(),
    );
  };
  const entries = [tarEntry('train.bin', recordsOf(200)), tarEntry('test.bin', recordsOf(100))];
  return {
    name: 'cifar-100-binary.tar.gz',
    mimeType: 'application/gzip',
    buffer: gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])),
  };
}

/** A folder of images by path: twelve cats, four dogs, and what has to be skipped. */
export function petFiles(): ReadonlyMap<string, Uint8Array> {
  const [width, height] = [40, 48];
  const image = (seed: number): Uint8Array =>
    encode({
      width,
      height,
      channels: 3,
      data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + seed * 31) & 255),
    });
  return new Map([
    ...Array.from({ length: 12 }, (_, i) => [`cat/${i}.png`, image(i)] as const),
    ...Array.from({ length: 4 }, (_, i) => [`dog/${i}.png`, image(50 + i)] as const),
    ['dog/list.txt', Buffer.from('one line')],
    ['cat/broken.png', image(99).subarray(0, 60)],
  ]);
}

/** The same as a zip archive. */
export function petZip(): UploadFile {
  return {
    name: 'pets.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from(zipSync(Object.fromEntries(petFiles()))),
  };
}

/** Archives that must be refused, and what the message must say of each. */
export function brokenArchives(): readonly { what: string; file: UploadFile; message: RegExp }[] {
  const sound = archive(good);
  return [
    {
      what: 'a gzip file that ends in the middle',
      file: upload(sound.subarray(0, Math.floor(sound.length / 2))),
      message: /incomplete|too early|cut off|truncated/i,
    },
    {
      what: 'a batch with half a record at its end',
      file: upload(archive((name) => (name === 'data_batch_3.bin' ? good().subarray(0, -100) : good()))),
      message: /data_batch_3\.bin is [\d,]+ bytes long, which is not a whole number of 3,073-byte/,
    },
    {
      what: 'a record with label 10',
      file: upload(
        archive((name) => (name === 'data_batch_2.bin' ? records(10, (i) => (i === 7 ? 10 : i)) : good())),
      ),
      message: /data_batch_2\.bin: record 7 has label 10; .*labels are 0 to 9/,
    },
    {
      what: 'a web page that is named like the archive',
      file: upload(Buffer.from('<!DOCTYPE html><html><body>404 Not Found</body></html>')),
      message: /is a web page, not data/,
    },
  ];
}
