import type { TuningChoices, TuningStore } from '#engine/replay/tuner.ts';

const FILE = 'tuning.json';
/** Raised when kernels change so that old measurements no longer say anything. */
const VERSION = 1;

interface TuningFile {
  readonly version: number;
  readonly adapters: Readonly<Record<string, TuningChoices>>;
}

/**
 * Choices of tiles in the origin's private file system. They are a cache: what cannot be read is measured
 * again, and what cannot be written (no storage in a private window, no room) is measured again next time.
 */
export const tuningStore: TuningStore = {
  async load(adapter) {
    return (await read()).adapters[adapter] ?? {};
  },
  async save(adapter, choices) {
    try {
      const { adapters } = await read();
      const directory = await navigator.storage.getDirectory();
      const file = await directory.getFileHandle(FILE, { create: true });
      const writable = await file.createWritable();
      const content: TuningFile = { version: VERSION, adapters: { ...adapters, [adapter]: choices } };
      await writable.write(JSON.stringify(content));
      await writable.close();
    } catch (error) {
      console.warn('Tile choices were not kept:', error);
    }
  },
};

async function read(): Promise<TuningFile> {
  const empty: TuningFile = { version: VERSION, adapters: {} };
  try {
    const directory = await navigator.storage.getDirectory();
    const file = await (await directory.getFileHandle(FILE)).getFile();
    const parsed: unknown = JSON.parse(await file.text());
    return isTuningFile(parsed) ? parsed : empty;
  } catch {
    return empty;
  }
}

function isTuningFile(value: unknown): value is TuningFile {
  if (typeof value !== 'object' || value === null) return false;
  const { version, adapters } = value as Record<string, unknown>;
  return (
    version === VERSION &&
    typeof adapters === 'object' &&
    adapters !== null &&
    Object.values(adapters).every(
      (choices) =>
        typeof choices === 'object' &&
        choices !== null &&
        Object.values(choices).every((name) => typeof name === 'string'),
    )
  );
}
