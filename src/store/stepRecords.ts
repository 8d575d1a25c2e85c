import type { StepChunk } from '#domain/run.ts';
import { crc32 } from '#lib/files/crc32.ts';

/*
 * A file of steps: a header, then one record of fixed size per step, so that the size alone says how many there
 * are, and cutting the file at a step is cutting it at a byte. Little-endian throughout.
 *
 * header: 'NLST', version, first step, CRC-32 of these; uint32 each
 * record: loss, smoothed loss, learning rate, momentum, elapsed ms, wall-clock ms (NaN where it is not known),
 *   float32 each; CRC-32 of these, uint32
 */
const MAGIC = 0x54534c4e;
const VERSION = 1;
/** Of the header. */
export const HEADER_BYTES = 16;
const COLUMNS = ['losses', 'smoothed', 'learningRates', 'momenta', 'elapsedMs', 'wallMs'] as const;
const RECORD_BYTES = 4 * COLUMNS.length + 4;

/** The start of a file whose first record is of the 0-based step `firstStep`. */
export function stepsHeader(firstStep: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  [MAGIC, VERSION, firstStep].forEach((value, i) => view.setUint32(4 * i, value, true));
  view.setUint32(12, crc32(bytes, 0, 12), true);
  return bytes;
}

/** The records of the steps of `chunk` from index `from` on. */
export function stepRecords(chunk: StepChunk, from = 0): Uint8Array<ArrayBuffer> {
  const count = chunk.losses.length - from;
  const bytes = new Uint8Array(count * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_BYTES;
    COLUMNS.forEach((column, j) =>
      view.setFloat32(at + 4 * j, chunk[column]?.[from + i] ?? Number.NaN, true),
    );
    view.setUint32(at + RECORD_BYTES - 4, crc32(bytes, at, at + RECORD_BYTES - 4), true);
  }
  return bytes;
}

/** The step of the first record; undefined without a readable header. */
export function firstStepOf(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(12, true) !== crc32(bytes, 0, 12)) return undefined;
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION) return undefined;
  return view.getUint32(8, true);
}

/** Whole records in a file of so many bytes. */
export function recordCount(fileBytes: number): number {
  return Math.max(0, Math.floor((fileBytes - HEADER_BYTES) / RECORD_BYTES));
}

/** Bytes of a file with so many records. */
export function stepsByteLength(count: number): number {
  return HEADER_BYTES + count * RECORD_BYTES;
}

/** The records up to the first that is cut off or damaged; undefined without a readable header. */
export function readSteps(bytes: Uint8Array): StepChunk | undefined {
  const firstStep = firstStepOf(bytes);
  if (firstStep === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = recordCount(bytes.length);
  const columns = COLUMNS.map(() => new Float32Array(count));
  let sound = 0;
  for (; sound < count; sound++) {
    const at = HEADER_BYTES + sound * RECORD_BYTES;
    const end = at + RECORD_BYTES - 4;
    if (view.getUint32(end, true) !== crc32(bytes, at, end)) break;
    columns.forEach((column, j) => {
      column[sound] = view.getFloat32(at + 4 * j, true);
    });
  }
  const [losses, smoothed, learningRates, momenta, elapsedMs, wallMs] = columns.map((column) =>
    sound === count ? column : column.slice(0, sound),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]; // one per column
  return { firstStep, losses, smoothed, learningRates, momenta, elapsedMs, wallMs };
}

/** No steps. */
export function emptySteps(): StepChunk {
  const none = new Float32Array(0);
  return {
    firstStep: 0,
    losses: none,
    smoothed: none,
    learningRates: none,
    momenta: none,
    elapsedMs: none,
    wallMs: none,
  };
}
