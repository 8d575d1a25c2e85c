import { inflateSync } from 'fflate';
import { crc32 } from '#lib/files/crc32.ts';
import { DatasetError } from '../datasetError.ts';

export interface ZipEntry {
  readonly path: string;
  /** Unpacked size that the archive claims. */
  readonly byteLength: number;
  /** @throws {Error} when the entry is damaged, packed in another way, or not of its size. */
  read(): Promise<Uint8Array>;
}

const END_BYTES = 22;
/** The end record stands before a comment of at most 65,535 bytes. */
const END_SEARCH_BYTES = END_BYTES + 65_535;
const MAX_DIRECTORY_BYTES = 100e6;

/**
 * Lists the files of a zip archive from its central directory; bodies are read one by one, so the archive
 * may be larger than memory.
 *
 * Source: PKWARE APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16. Zip64 (over 4 GB or 65,535 files),
 * encryption and methods other than store and deflate are refused.
 * @throws {DatasetError}
 */
export async function zipEntries(file: Blob, name: string): Promise<ZipEntry[]> {
  const tail = await viewOf(file, Math.max(0, file.size - END_SEARCH_BYTES), file.size);
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw damaged(name, 'its directory is missing, so it is incomplete');
  const count = tail.getUint16(end + 10, true);
  const size = tail.getUint32(end + 12, true);
  const start = tail.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    throw new DatasetError(
      'unsupported',
      `${name} is a zip archive of the 64-bit kind; unpack it and choose the folder.`,
    );
  }
  if (size > MAX_DIRECTORY_BYTES || start + size > file.size)
    throw damaged(name, 'its directory lies outside of it');
  const directory = await viewOf(file, start, start + size);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || directory.getUint32(at, true) !== 0x02014b50)
      throw damaged(name, 'its directory is cut');
    const nameBytes = directory.getUint16(at + 28, true);
    const next =
      at + 46 + nameBytes + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
    if (next > size) throw damaged(name, 'its directory is cut');
    const path = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, nameBytes));
    if (!path.endsWith('/')) {
      entries.push(
        entryOf(file, path, {
          flags: directory.getUint16(at + 8, true),
          method: directory.getUint16(at + 10, true),
          checksum: directory.getUint32(at + 16, true),
          packedBytes: directory.getUint32(at + 20, true),
          byteLength: directory.getUint32(at + 24, true),
          offset: directory.getUint32(at + 42, true),
        }),
      );
    }
    at = next;
  }
  return entries;
}

interface EntryHeader {
  readonly flags: number;
  readonly method: number;
  readonly checksum: number;
  readonly packedBytes: number;
  readonly byteLength: number;
  readonly offset: number;
}

function entryOf(file: Blob, path: string, header: EntryHeader): ZipEntry {
  const { byteLength, packedBytes, offset } = header;
  return {
    path,
    byteLength,
    async read() {
      if (header.flags & 1) throw new Error('it is encrypted');
      const local = await viewOf(file, offset, offset + 30);
      if (local.byteLength < 30 || local.getUint32(0, true) !== 0x04034b50)
        throw new Error('it is not where it should be');
      const start = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
      const packed = new Uint8Array(await file.slice(start, start + packedBytes).arrayBuffer());
      if (packed.length !== packedBytes) throw new Error('it is cut');
      const bytes = unpack(header, packed);
      if (bytes.length !== byteLength || crc32(bytes) !== header.checksum)
        throw new Error('its checksum is wrong');
      return bytes;
    },
  };
}

function unpack({ method, byteLength }: EntryHeader, packed: Uint8Array): Uint8Array {
  if (method === 0) return packed;
  if (method !== 8) throw new Error('it is packed in an unusual way');
  // Into a buffer of the claimed size: what claims little cannot unpack to much.
  return inflateSync(packed, { out: new Uint8Array(byteLength) });
}

async function viewOf(file: Blob, start: number, end: number): Promise<DataView<ArrayBuffer>> {
  return new DataView(await file.slice(start, end).arrayBuffer());
}

function damaged(name: string, what: string): DatasetError {
  return new DatasetError('damaged', `${name} is damaged (${what}); make or download it again.`);
}
