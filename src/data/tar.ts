import { ByteReader } from './byteReader.ts';
import { DatasetError } from './datasetError.ts';

const BLOCK = 512;
/** Names and attributes in extension headers; real ones stay below a few kB. */
const MAX_EXTENSION_BYTES = 65_536;

export interface TarOptions {
  /** File name for messages. */
  readonly name: string;
  /**
   * Says where the bytes of a file go, or undefined to skip it. Gets the last part of the path only:
   * directories, links and paths have no meaning here.
   */
  readonly open: (basename: string, byteLength: number) => TarSink | undefined;
}

export interface TarSink {
  write(piece: Uint8Array): void;
  end(): void;
}

/**
 * Reads a tar archive (ustar, GNU or pax) as a stream, strictly: header checksums, lengths and the closing
 * zero block must be right, and a wanted name may occur once.
 * @throws {DatasetError} for anything else.
 */
export async function readTar(chunks: AsyncIterable<Uint8Array>, options: TarOptions): Promise<void> {
  const reader = new ByteReader(chunks);
  try {
    await readEntries(reader, options);
    await reader.drain();
  } catch (error) {
    await reader.cancel().catch(() => {
      // The first error says more than a stream that fails again while it is closed.
    });
    throw error;
  }
}

async function readEntries(reader: ByteReader, options: TarOptions): Promise<void> {
  const cut = `${options.name} ends too early: the archive is incomplete. Download it again.`;
  const opened = new Set<string>();
  for (let index = 0; ; index++) {
    const header = await reader.block(BLOCK, cut);
    if (header === undefined) {
      throw new DatasetError(
        'incomplete',
        index === 0 ? `${options.name} holds no files; download it again.` : cut,
      );
    }
    if (header.every((byte) => byte === 0)) return;
    const { basename, type, size } = parseHeader(header, options.name, index);
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    const isFile = type === '0' || type === '\0';
    if ('xgLK'.includes(type)) {
      await skipExtension(reader, size, padded, options.name, cut);
      continue;
    }
    if (isFile && opened.has(basename)) {
      throw new DatasetError('damaged', `${options.name} holds ${basename} twice; use the official archive.`);
    }
    const sink = isFile ? options.open(basename, size) : undefined;
    if (!sink) {
      await reader.pass(padded, () => undefined, cut);
      continue;
    }
    opened.add(basename);
    await reader.pass(size, (piece) => sink.write(piece), cut);
    sink.end();
    await reader.pass(padded - size, () => undefined, cut);
  }
}

function parseHeader(
  header: Uint8Array,
  name: string,
  index: number,
): { basename: string; type: string; size: number } {
  const text = (from: number, to: number): string => {
    const end = header.indexOf(0, from);
    return new TextDecoder().decode(header.subarray(from, end < 0 || end > to ? to : end));
  };
  let sum = 0;
  // The checksum counts its own eight bytes as spaces.
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  const stored = octal(text(148, 156));
  if (stored !== sum || text(257, 262) !== 'ustar') {
    throw new DatasetError(
      index === 0 ? 'not-recognized' : 'damaged',
      index === 0
        ? `${name} is not a tar archive; choose cifar-10-binary.tar.gz from the CIFAR-10 page.`
        : `${name} is damaged: the header of file ${index + 1} in it fails its checksum. Download it again.`,
    );
  }
  const size = octal(text(124, 136));
  if (size === undefined) {
    throw new DatasetError(
      'damaged',
      `${name} is damaged: file ${index + 1} in it has no valid size. Download it again.`,
    );
  }
  return { basename: text(0, 100).split('/').at(-1)!, type: String.fromCharCode(header[156]!), size };
}

/** A header's octal number; undefined when it is not one (GNU's binary form is for files beyond 8 GiB). */
function octal(field: string): number | undefined {
  const digits = field.trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

async function skipExtension(
  reader: ByteReader,
  size: number,
  padded: number,
  name: string,
  cut: string,
): Promise<void> {
  if (size > MAX_EXTENSION_BYTES) {
    throw new DatasetError(
      'damaged',
      `${name} is damaged: it has an extension header of ${size} bytes. Download it again.`,
    );
  }
  const body = await reader.block(padded, cut);
  // A pax record may replace the size of the next file; no archive of small files needs that.
  if (body && /(^|\n)\d+ size=/.test(new TextDecoder().decode(body))) {
    throw new DatasetError(
      'unsupported',
      `${name} uses pax sizes; use the official archive, or drop the files inside.`,
    );
  }
}
