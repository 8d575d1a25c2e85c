import { IMAGE_BYTES, type Dataset, type ImageSet } from '#domain/dataset.ts';
import type { CifarFormat } from './cifarFormat.ts';
import { DatasetError } from './datasetError.ts';
import { canonicalize } from './hash.ts';
import { readPickledBatch } from './pickle.ts';
import { channelStatistics, histogram, qualityNotes } from './statistics.ts';
import type { TarSink } from './tar.ts';

const PLANE = 32 * 32;
/** An official batch is 31 MB. */
const MAX_PICKLE_BYTES = 40e6;

/** Room for one half; files fill slots of fixed capacity, in whatever order they come. */
class HalfBuffer {
  readonly #capacity: number;
  readonly #counts: number[];
  #images: Uint8Array<ArrayBuffer> | undefined;
  #labels: Uint8Array<ArrayBuffer> | undefined;

  constructor(files: number, capacity: number) {
    this.#capacity = capacity;
    this.#counts = Array.from({ length: files }, () => 0);
  }

  slot(file: number, count: number): { images: Uint8Array; labels: Uint8Array } {
    // Fresh pages cost nothing until they are written, so room for the official size is no waste.
    this.#images ??= new Uint8Array(this.#counts.length * this.#capacity * IMAGE_BYTES);
    this.#labels ??= new Uint8Array(this.#counts.length * this.#capacity);
    this.#counts[file] = count;
    const first = file * this.#capacity;
    return {
      images: this.#images.subarray(first * IMAGE_BYTES, (first + count) * IMAGE_BYTES),
      labels: this.#labels.subarray(first, first + count),
    };
  }

  /** All records, without gaps; the object is spent. */
  take(): ImageSet {
    const images = this.#images ?? new Uint8Array(0);
    const labels = this.#labels ?? new Uint8Array(0);
    let count = 0;
    for (const [file, added] of this.#counts.entries()) {
      const first = file * this.#capacity;
      images.copyWithin(count * IMAGE_BYTES, first * IMAGE_BYTES, (first + added) * IMAGE_BYTES);
      labels.copyWithin(count, first, first + added);
      count += added;
    }
    this.#images = undefined;
    this.#labels = undefined;
    return count * IMAGE_BYTES === images.length
      ? { count, images, labels }
      : { count, images: images.slice(0, count * IMAGE_BYTES), labels: labels.slice(0, count) };
  }
}

/**
 * Assembles a CIFAR set from its files, whatever container they came in. A file may hold fewer records than
 * the official one (then the set is titled partial), never more, and no part of a record.
 */
export class CifarCollector {
  readonly format: CifarFormat;
  readonly #train: HalfBuffer;
  readonly #valid: HalfBuffer;
  readonly #seen = new Set<string>();

  constructor(format: CifarFormat) {
    this.format = format;
    this.#train = new HalfBuffer(format.trainFiles.length, format.recordsPerTrainFile);
    this.#valid = new HalfBuffer(1, format.recordsPerValidFile);
  }

  has(file: string): boolean {
    return file === this.format.validFile || this.format.trainFiles.includes(file);
  }

  /**
   * Room for the records of one file.
   * @throws {DatasetError} when it is empty, too large or came before.
   */
  reserve(file: string, count: number): { images: Uint8Array; labels: Uint8Array } {
    const { format } = this;
    const most = file === format.validFile ? format.recordsPerValidFile : format.recordsPerTrainFile;
    if (this.#seen.has(file)) {
      throw new DatasetError('not-recognized', `${file} is there twice; choose each file once.`);
    }
    if (count === 0) throw new DatasetError('incomplete', `${file} is empty; download it again.`);
    if (count > most) {
      throw new DatasetError(
        'not-recognized',
        `${file} holds ${number(count)} records, but the ${format.title} file has ${number(most)}; use the official files.`,
      );
    }
    this.#seen.add(file);
    return file === format.validFile
      ? this.#valid.slot(0, count)
      : this.#train.slot(format.trainFiles.indexOf(file), count);
  }

  /**
   * Takes one file of the format.
   * @throws {DatasetError} here or while it is written when it is damaged or foreign.
   */
  open(file: string, byteLength: number): TarSink {
    return this.format.encoding === 'binary'
      ? this.#openBinary(file, byteLength)
      : this.#openPickle(file, byteLength);
  }

  /** Records follow one another; a pickle has to be whole before it can be read. */
  #openPickle(file: string, byteLength: number): TarSink {
    if (byteLength > MAX_PICKLE_BYTES) {
      throw new DatasetError(
        'too-large',
        `${file} is ${number(byteLength)} bytes long, too long for a batch of CIFAR-10; use the official archive.`,
      );
    }
    const whole = new Uint8Array(byteLength);
    let filled = 0;
    return {
      write(piece) {
        whole.set(piece, filled);
        filled += piece.length;
      },
      end: () => {
        const { labels, data } = readPickledBatch(whole, file);
        const slot = this.reserve(file, labels.length);
        for (const [index, label] of labels.entries()) {
          slot.labels[index] = this.checkLabel(file, index, label);
          interleave(data, index * IMAGE_BYTES, slot.images, index * IMAGE_BYTES);
        }
      },
    };
  }

  /** Takes a file in the binary form: records of label bytes and 3072 pixel bytes, channel by channel. */
  #openBinary(file: string, byteLength: number): TarSink {
    const { labelBytes, title } = this.format;
    const recordBytes = labelBytes + IMAGE_BYTES;
    if (byteLength % recordBytes !== 0) {
      throw new DatasetError(
        'damaged',
        `${file} is ${number(byteLength)} bytes long, which is not a whole number of ${number(recordBytes)}-byte ${title} records; download it again.`,
      );
    }
    const { images, labels } = this.reserve(file, byteLength / recordBytes);
    const record = new Uint8Array(recordBytes);
    let filled = 0;
    let index = 0;
    const store = (bytes: Uint8Array, at: number): void => {
      labels[index] = this.checkLabel(file, index, bytes[at + labelBytes - 1]!);
      interleave(bytes, at + labelBytes, images, index * IMAGE_BYTES);
      index++;
    };
    return {
      write(piece) {
        let at = 0;
        if (filled > 0) {
          at = Math.min(recordBytes - filled, piece.length);
          record.set(piece.subarray(0, at), filled);
          filled += at;
          if (filled < recordBytes) return;
          store(record, 0);
          filled = 0;
        }
        for (; at + recordBytes <= piece.length; at += recordBytes) store(piece, at);
        record.set(piece.subarray(at));
        filled = piece.length - at;
      },
      end() {
        if (index * recordBytes !== byteLength) {
          throw new DatasetError(
            'incomplete',
            `${file} ends too early: it is incomplete. Download it again.`,
          );
        }
      },
    };
  }

  /** @throws {DatasetError} when the label names no class. */
  checkLabel(file: string, record: number, label: number): number {
    const last = this.format.classNames.length - 1;
    if (!(Number.isInteger(label) && label >= 0 && label <= last)) {
      throw new DatasetError(
        'damaged',
        `${file}: record ${record} has label ${label}; ${this.format.title} labels are 0 to ${last}. The file is damaged or of another kind; download it again.`,
      );
    }
    return label;
  }

  /**
   * The finished set, in canonical order.
   * @param origin what lacks a file when one is missing: an archive's name, or 'The selection'.
   * @throws {DatasetError} when files are missing.
   */
  finish(origin: string): Dataset {
    const { format } = this;
    const missing = [...format.trainFiles, format.validFile].filter((file) => !this.#seen.has(file));
    if (missing.length > 0) {
      throw new DatasetError(
        'incomplete',
        `${origin} lacks ${listed(missing)}; ${format.title} needs all ${format.trainFiles.length + 1} files together (or ${format.officialArchive}).`,
      );
    }
    const train = this.#train.take();
    const valid = this.#valid.take();
    const hash = canonicalize(train, valid);
    const isWhole =
      train.count === format.trainFiles.length * format.recordsPerTrainFile &&
      valid.count === format.recordsPerValidFile;
    return {
      info: {
        id: isWhole ? format.id : `${format.id}-partial:${hash.slice(0, 12)}`,
        title: isWhole
          ? format.title
          : `${format.title} (partial: ${number(train.count)} + ${number(valid.count)} images)`,
        classNames: format.classNames,
        trainCount: train.count,
        validCount: valid.count,
        ...(format.statistics ?? channelStatistics(train)),
        hash,
        trainHistogram: histogram(train.labels, format.classNames.length),
        notes: qualityNotes(train, format.classNames),
      },
      train,
      valid,
    };
  }
}

/** Three planes of 32 x 32 to `[H, W, C]`. */
function interleave(from: Uint8Array, at: number, to: Uint8Array, out: number): void {
  for (let pixel = 0; pixel < PLANE; pixel++) {
    to[out + 3 * pixel] = from[at + pixel]!;
    to[out + 3 * pixel + 1] = from[at + PLANE + pixel]!;
    to[out + 3 * pixel + 2] = from[at + 2 * PLANE + pixel]!;
  }
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function listed(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
