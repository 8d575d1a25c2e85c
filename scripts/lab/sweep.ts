import { namedByArm } from '#domain/arms.ts';
import { armName, type Experiment } from '#domain/experiment.ts';
import type { ParameterName } from '#domain/parameters.ts';
import { completeExperiment } from './options.ts';
import { UsageError } from './usageError.ts';

/** One run of a sweep. */
export interface SweepArm {
  /** Name of its folder inside --out. */
  readonly folder: string;
  readonly experiment: Experiment;
}

export interface Sweep {
  readonly command: 'train' | 'lr-find';
  readonly arms: readonly SweepArm[];
}

const MAX_ARMS = 1000;
/** What every file system takes, and no path leads out of. */
const FOLDER_NAME = /^[\w+][\w+.-]{0,99}$/;

/**
 * Reads the file of a sweep: a list of arms, or `{ "command", "seeds", "arms" }`. An arm is an object of
 * settings under the names that run.json has, all optional, and may have a "name".
 * @param base settings of every arm that it does not have itself.
 * @param source how messages name the file.
 * @throws {UsageError}
 */
export function parseSweep(json: string, base: Partial<Experiment>, source: string): Sweep {
  const content = parseJson(json, source);
  const {
    command = 'train',
    seeds,
    arms,
    ...rest
  } = Array.isArray(content) ? { arms: content } : asObject(content, source);
  const [surplus] = Object.keys(rest);
  if (surplus !== undefined) {
    throw new UsageError(`${source}: “${surplus}” is not understood; a sweep has arms, seeds and command`);
  }
  if (command !== 'train' && command !== 'lr-find') {
    throw new UsageError(`${source}: command must be train or lr-find`);
  }
  if (!Array.isArray(arms) || arms.length === 0)
    throw new UsageError(`${source}: arms must be a list of at least one`);
  const runs = arms.flatMap((arm: unknown, i) =>
    armRuns(arm, base, seedList(seeds, source), `${source}: arm ${i + 1}: `),
  );
  if (runs.length > MAX_ARMS)
    throw new UsageError(`${source}: ${runs.length} runs are more than ${MAX_ARMS}`);
  const taken = new Set<string>();
  for (const { folder } of runs) {
    // Some file systems take no notice of case.
    const key = folder.toLowerCase();
    if (taken.has(key))
      throw new UsageError(`${source}: two runs are called ${folder}; give their arms a name each`);
    taken.add(key);
  }
  return { command, arms: runs };
}

function armRuns(
  arm: unknown,
  base: Partial<Experiment>,
  seeds: readonly number[] | undefined,
  where: string,
): SweepArm[] {
  const { name, ...own } = asObject(arm, where.slice(0, -2));
  if (name !== undefined && (typeof name !== 'string' || !FOLDER_NAME.test(name))) {
    throw new UsageError(`${where}name must be made of letters, digits, _, + and -`);
  }
  if (seeds && 'seed' in own) throw new UsageError(`${where}seed cannot stand beside the seeds of the sweep`);
  return (seeds ?? [undefined]).map((seed) => {
    const settings = { ...base, ...own, ...(seed === undefined ? {} : { seed }) };
    const experiment = completeExperiment(settings, where);
    const title = name ?? describe(experiment, own);
    return { experiment, folder: seed === undefined ? title : `${title}-seed${seed}` };
  });
}

/** 'bn+ws', with what else the arm sets: 'gn-batchSize2'. */
function describe(experiment: Experiment, own: Readonly<Record<string, unknown>>): string {
  const others = Object.entries(own).filter(([setting]) => !namedByArm.has(setting as ParameterName));
  return [
    armName(experiment).toLowerCase().replaceAll(' ', '-'),
    ...others.map(([setting, value]) => `${setting}${String(value)}`),
  ].join('-');
}

function seedList(seeds: unknown, source: string): readonly number[] | undefined {
  if (seeds === undefined) return undefined;
  const isList = Array.isArray(seeds) && seeds.length > 0 && seeds.every((seed) => typeof seed === 'number');
  if (!isList) throw new UsageError(`${source}: seeds must be a list of numbers`);
  return seeds;
}

function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`${source} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${what} must be an object`);
  }
  return value as Readonly<Record<string, unknown>>; // any object is one
}
