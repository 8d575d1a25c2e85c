import type { TuningChoices, TuningStore } from '#engine/replay/tuner.ts';

const FILE = 'tuning.json';
const LOCK = 'normlab-tuning';
/** Raised when kernels change so that old measurements no longer say anything. */
const VERSION = 1;

interface TuningFile {
  readonly version: number;
  readonly adapters: Readonly<Record<string, TuningChoices>>;
}

/** Where the text of the choices lies. */
export interface TuningText {
  /** Rejects when there is none. */
  read(): Promise<string>;
  /** Rejects when it cannot be written. */
  write(text: string): Promise<void>;
  /** Nobody else, in this tab or another, runs such work meanwhile. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
}

/**
 * Choices of tiles and tunings in a text. They are a cache: what cannot be read is measured again, and what cannot be
 * written (no storage in a private window, no room) is measured again in the next visit.
 */
export function tuningStore(text: TuningText): TuningStore {
  return {
    async load(adapter) {
      return (await read(text)).adapters[adapter] ?? {};
    },
    add: (adapter, choices) =>
      text.alone(async () => {
        const { adapters } = await read(text);
        const merged = { ...choices, ...adapters[adapter] };
        try {
          const content: TuningFile = { version: VERSION, adapters: { ...adapters, [adapter]: merged } };
          await text.write(JSON.stringify(content));
        } catch (error) {
          console.warn('Tile choices were not kept:', error);
        }
        return merged;
      }),
  };
}

/** In the origin's private file system. */
export const originTuning: TuningText = {
  async read() {
    const directory = await navigator.storage.getDirectory();
    const file = await (await directory.getFileHandle(FILE)).getFile();
    return file.text();
  },
  async write(text) {
    const directory = await navigator.storage.getDirectory();
    const file = await directory.getFileHandle(FILE, { create: true });
    const writable = await file.createWritable();
    await writable.write(text);
    await writable.close();
  },
  alone: (work) => navigator.locks.request(LOCK, work),
};

async function read(text: TuningText): Promise<TuningFile> {
  const empty: TuningFile = { version: VERSION, adapters: {} };
  try {
    const parsed: unknown = JSON.parse(await text.read());
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
