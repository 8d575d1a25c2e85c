import * as v from 'valibot';
import { IMAGE_BYTES, type DatasetInfo } from '#domain/dataset.ts';

export const MANIFEST_VERSION = 1;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`)));
const channels = v.strictTuple([share, share, share]);

const info: v.GenericSchema<unknown, DatasetInfo> = v.pipe(
  v.object({
    id: v.string(),
    title: v.string(),
    classNames: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(256)),
    trainCount: count,
    validCount: count,
    mean: channels,
    deviation: channels,
    hash: hex(64),
    trainHistogram: v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
    notes: v.array(v.string()),
    source: v.exactOptional(v.string()),
    licence: v.exactOptional(v.string()),
  }),
  v.check(({ classNames, trainHistogram }) => classNames.length === trainHistogram.length),
);

const manifest = v.pipe(
  v.object({
    version: v.literal(MANIFEST_VERSION),
    info,
    /** Milliseconds since 1970. */
    savedAt: v.pipe(v.number(), v.minValue(0)),
    byteLength: count,
    checksum: hex(32),
  }),
  v.check(({ info, byteLength }) => byteLength === (info.trainCount + info.validCount) * (IMAGE_BYTES + 1)),
);

export type Manifest = v.InferOutput<typeof manifest>;

/** Reads what a manifest file holds: this version's, one of a newer NormLab, or nothing usable. */
export function parseManifest(text: string): Manifest | 'newer' | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const version = v.safeParse(
    v.object({ version: v.pipe(v.number(), v.minValue(MANIFEST_VERSION + 1)) }),
    value,
  );
  if (version.success) return 'newer';
  const parsed = v.safeParse(manifest, value);
  return parsed.success ? parsed.output : undefined;
}
