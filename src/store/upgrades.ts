/** A kept record as JSON gives it. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Turns a record of one version into the same record of the next, without looking at anything else. */
export type Upgrade = (record: JsonRecord) => JsonRecord;

/**
 * Upgrades of the records of run logs and notes: the first from version 1 to 2, and so on. Add one here whenever
 * what is written changes in a way that older records do not read as, and golden bytes of the version before it
 * to `fixtures/`; never change one that was released.
 */
export const RUN_UPGRADES: readonly Upgrade[] = [];

/** Of the JSON part of checkpoints, likewise. */
export const CHECKPOINT_UPGRADES: readonly Upgrade[] = [];

/** The version that is written, and the newest that can be read. */
export function currentVersion(upgrades: readonly Upgrade[]): number {
  return upgrades.length + 1;
}

/** The record as the current version has it, one version at a time. */
export function upgraded(record: JsonRecord, version: number, upgrades: readonly Upgrade[]): JsonRecord {
  return upgrades.slice(version - 1).reduce((result, upgrade) => upgrade(result), record);
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The version in a record, or undefined when it has none. */
export function versionOf(record: JsonRecord): number | undefined {
  const { version } = record;
  return typeof version === 'number' && Number.isSafeInteger(version) && version >= 1 ? version : undefined;
}

/**
 * Why a record cannot be read that is whole: it names a normalization that this version does not know.
 * Undefined when that is not the reason.
 */
export function unknownNormalization(experiment: unknown): string | undefined {
  if (!isRecord(experiment) || typeof experiment['norm'] !== 'string') return undefined;
  const norm = experiment['norm'];
  if (norm === 'none' || norm === 'bn' || norm === 'gn') return undefined;
  return `it uses the normalization “${norm.slice(0, 40)}”, which this version of NormLab does not know`;
}
