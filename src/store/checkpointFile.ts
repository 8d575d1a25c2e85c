import * as v from 'valibot';
import type { Checkpoint, TensorMap } from '#domain/checkpoint.ts';
import { toJsonValue } from '#domain/jsonValue.ts';
import { checkpointHeadEntries, type CheckpointHead } from '#domain/keptRunSchema.ts';
import { stepSchema, textSchema } from '#domain/runSchema.ts';
import { Checksum, checksumInTurns } from '#lib/files/checksum.ts';
import { crc32 } from '#lib/files/crc32.ts';
import { frame, readFrames } from './frames.ts';
import {
  CHECKPOINT_UPGRADES,
  currentVersion,
  isRecord,
  unknownNormalization,
  upgraded,
  type Upgrade,
} from './upgrades.ts';

/*
 * prelude: 'NLCP', version, bytes of the head, bytes of the tensors, CRC-32 of these; uint32 each, little-endian
 * head:    one frame, see frames.ts: JSON with everything but the tensors' numbers
 * tensors: float32, little-endian, one after another in the order of the head
 */
const MAGIC = 0x50434c4e;
const VERSION = currentVersion(CHECKPOINT_UPGRADES);
const PRELUDE_BYTES = 20;
const MAX_HEAD_BYTES = 2 ** 24;

/** Names and lengths (numbers, not bytes) of the tensors of a map, in order. */
const tensorList = v.pipe(v.array(v.strictTuple([textSchema(200), stepSchema])), v.maxLength(10_000));

const headSchema = v.strictObject({
  ...checkpointHeadEntries,
  checksum: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  parameters: tensorList,
  buffers: tensorList,
  moments: v.pipe(v.array(tensorList), v.maxLength(8)),
});

type Head = v.InferOutput<typeof headSchema>;

/** The parts of a file; the tensors' bytes are those of the checkpoint, not copied, and must not change meanwhile. */
export async function checkpointParts(checkpoint: Checkpoint): Promise<Uint8Array[]> {
  const { parameters, buffers, moments, ...rest } = checkpoint;
  const tensors = [parameters, buffers, ...moments].flatMap((map) => [...map.values()].map(bytesOf));
  const list = (map: TensorMap): [string, number][] =>
    Array.from(map, ([name, { length }]) => [name, length]);
  const head: Head = {
    ...rest,
    checksum: await checksumInTurns(tensors),
    parameters: list(parameters),
    buffers: list(buffers),
    moments: moments.map(list),
  };
  const headFrame = frame(toJsonValue(head));
  const tensorBytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return [prelude(headFrame.length, tensorBytes), headFrame, ...tensors];
}

function prelude(headBytes: number, tensorBytes: number): Uint8Array {
  const bytes = new Uint8Array(PRELUDE_BYTES);
  const view = new DataView(bytes.buffer);
  [MAGIC, VERSION, headBytes, tensorBytes].forEach((value, i) => view.setUint32(4 * i, value, true));
  view.setUint32(16, crc32(bytes, 0, 16), true);
  return bytes;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

interface Prelude {
  readonly version: number;
  readonly headBytes: number;
  readonly tensorBytes: number;
}

/** What a file is from its first bytes and its size: cut off ones are told apart without reading them. */
export async function checkpointState(file: Blob): Promise<'complete' | 'damaged' | 'newer'> {
  const start = await readPrelude(file);
  if (!start) return 'damaged';
  if (start.version > VERSION) return 'newer';
  return file.size === PRELUDE_BYTES + start.headBytes + start.tensorBytes ? 'complete' : 'damaged';
}

async function readPrelude(file: Blob): Promise<Prelude | undefined> {
  const bytes = new Uint8Array(await file.slice(0, PRELUDE_BYTES).arrayBuffer());
  if (bytes.length < PRELUDE_BYTES) return undefined;
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(16, true) !== crc32(bytes, 0, 16)) return undefined;
  const [version, headBytes, tensorBytes] = [4, 8, 12].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  return { version, headBytes, tensorBytes };
}

/** Why a checkpoint cannot be read. */
export type CheckpointFault =
  | { readonly kind: 'damaged' }
  /** It may be whole, but not for this version: `reason` is the end of a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

type HeadReading =
  | { readonly kind: 'head'; readonly head: Head; readonly tensorsAt: number }
  | CheckpointFault;

const DAMAGED: CheckpointFault = { kind: 'damaged' };

async function readHead(file: Blob, upgrades: readonly Upgrade[]): Promise<HeadReading> {
  const start = await readPrelude(file);
  if (!start) return DAMAGED;
  const newest = currentVersion(upgrades);
  const { version, headBytes, tensorBytes } = start;
  if (version > newest) {
    const reason = `it was saved by a newer NormLab (format ${version}; this one reads up to ${newest})`;
    return { kind: 'refused', reason };
  }
  const tensorsAt = PRELUDE_BYTES + headBytes;
  if (version < 1 || headBytes > MAX_HEAD_BYTES || file.size !== tensorsAt + tensorBytes) return DAMAGED;
  const frames = readFrames(new Uint8Array(await file.slice(PRELUDE_BYTES, tensorsAt).arrayBuffer()));
  const record = frames[0]?.record;
  if (!isRecord(record)) return DAMAGED;
  const current = upgraded(record, version, upgrades);
  const parsed = v.safeParse(headSchema, current);
  if (!parsed.success) {
    const reason = unknownNormalization(current['experiment']);
    return reason === undefined ? DAMAGED : { kind: 'refused', reason };
  }
  const head = parsed.output;
  const lengths = [head.parameters, head.buffers, ...head.moments].flat();
  const expected = lengths.reduce((sum, [, length]) => sum + 4 * length, 0);
  return expected === tensorBytes ? { kind: 'head', head, tensorsAt } : DAMAGED;
}

/** Reads a whole file into arrays of its own, and checks every byte of it. */
export async function readCheckpoint(
  file: Blob,
  upgrades: readonly Upgrade[] = CHECKPOINT_UPGRADES,
): Promise<{ readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint } | CheckpointFault> {
  const reading = await readHead(file, upgrades);
  if (reading.kind !== 'head') return reading;
  const { checksum: expected, parameters, buffers, moments, ...rest } = reading.head;
  const head: CheckpointHead = rest;
  const sum = new Checksum();
  let at = reading.tensorsAt;
  const take = async (list: Head['parameters']): Promise<TensorMap> => {
    const map = new Map<string, Float32Array>();
    for (const [name, length] of list) {
      const tensor = new Float32Array(await file.slice(at, at + 4 * length).arrayBuffer());
      sum.add(bytesOf(tensor));
      at += 4 * length;
      map.set(name, tensor);
    }
    return map;
  };
  const checkpoint: Checkpoint = {
    ...head,
    parameters: await take(parameters),
    buffers: await take(buffers),
    moments: await takeAll(moments, take),
  };
  return sum.digest() === expected ? { kind: 'checkpoint', checkpoint } : DAMAGED;
}

async function takeAll(
  lists: Head['moments'],
  take: (list: Head['parameters']) => Promise<TensorMap>,
): Promise<TensorMap[]> {
  const maps: TensorMap[] = [];
  for (const list of lists) maps.push(await take(list));
  return maps;
}

/** Whether a file that was just written has the bytes of `parts`, as far as a checksum tells. */
export async function holds(file: Blob, parts: readonly Uint8Array[]): Promise<boolean> {
  const written = new Checksum();
  let at = 0;
  for (const { byteLength } of parts) {
    written.add(new Uint8Array(await file.slice(at, at + byteLength).arrayBuffer()));
    at += byteLength;
  }
  return file.size === at && written.digest() === (await checksumInTurns(parts));
}
