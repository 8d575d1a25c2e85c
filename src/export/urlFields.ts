import * as v from 'valibot';
import { RATE_REASON_LIMIT } from '#domain/keptRunSchema.ts';
import { finderSettingsSchema, MAX_FINDER_STEPS } from '#domain/runSchema.ts';
import type { FinderSettings } from '#domain/run.ts';
import { stopKinds, stopValueProblem } from '#domain/runOptions.ts';
import type { RunOptions, StopKind } from '#domain/runOptions.ts';
import type { QuestionRef } from '#domain/study.ts';

/**
 * Values of single keys in an address (`urlState.ts`). Each reader answers with something usable, and with a sentence
 * in `errors` where the text was wrong.
 */
export const MAX_ARMS = 1000;
const MAX_SEEDS = 1000;
const MAX_PATH = 200;
/** Between the reasons of arms. */
export const REASON_SEPARATOR = '|';

export function readActive(text: string | undefined, count: number, errors: Map<string, string>): number {
  if (text === undefined) return 0;
  if (/^\d{1,3}$/.test(text) && Number(text) < count) return Number(text);
  errors.set('edit', 'The study to edit must be the index of one, counted from 0.');
  return 0;
}

export function readReason(
  key: string,
  text: string | undefined,
  errors: Map<string, string>,
): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.length <= RATE_REASON_LIMIT) return text;
  errors.set(key, `The reason for a learning rate must have at most ${RATE_REASON_LIMIT} characters.`);
  return undefined;
}

/** One for each arm, in their order; arms without one have an empty one, also those beyond the last. */
export function readReasons(
  text: string | undefined,
  errors: Map<string, string>,
): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const reasons = text.split(REASON_SEPARATOR);
  for (const reason of reasons) readReason('whys', reason, errors);
  return reasons.slice(0, MAX_ARMS);
}

export function readImages(text: string | undefined, errors: Map<string, string>): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  errors.set('images', 'The images of a finder must be a whole number from 1 to 9,999,999.');
  return undefined;
}

export function readRamp(
  key: string,
  text: string | undefined,
  errors: Map<string, string>,
): FinderSettings | undefined {
  if (text === undefined) return undefined;
  const [start, end, steps, ...more] = text.split(',').map(readNumber);
  const ramp = v.safeParse(finderSettingsSchema, { start, end, steps });
  if (ramp.success && more.length === 0) return ramp.output;
  errors.set(
    key,
    `The ramp must be start,end,steps: rising learning rates and 2 to ${MAX_FINDER_STEPS.toLocaleString('en-US')} steps.`,
  );
  return undefined;
}

/** Only below the page: no other host, and no folder above. */
export function readFile(text: string | undefined, errors: Map<string, string>): string | undefined {
  if (text === undefined) return undefined;
  if (text.length <= MAX_PATH && /^[\w-][\w./-]*\.json$/.test(text) && !text.includes('..')) return text;
  errors.set('open', 'A file of runs must lie beside the page: a name like results/runs.json.');
  return undefined;
}

/** Keys of what ends runs early, and of whether validation is probed inside epochs. */
interface OptionKeys {
  readonly rule: string;
  readonly probes: string;
}

/** Of a run that is started alone, and of those of a study. */
export const OPTION_KEYS = { rule: 'stop', probes: 'probes' } as const satisfies OptionKeys;
export const STUDY_OPTION_KEYS = { rule: 'ends', probes: 'probing' } as const satisfies OptionKeys;

/** Undefined where none of the keys is there. */
export function readOptions(
  keys: OptionKeys,
  fields: ReadonlyMap<string, string>,
  errors: Map<string, string>,
): RunOptions | undefined {
  const [rule, probes] = [fields.get(keys.rule), fields.get(keys.probes)];
  if (rule === undefined && probes === undefined) return undefined;
  const [kind = '', number = ''] = rule?.split(':') ?? [];
  const value = readNumber(number) ?? Number.NaN;
  const stopRule = isStopKind(kind) && stopValueProblem(kind, value) === undefined && { kind, value };
  if (rule !== undefined && !stopRule) {
    errors.set(
      keys.rule,
      `A stop must be written like images:25000, with one of ${Object.keys(stopKinds).join(', ')}.`,
    );
  }
  if (probes !== undefined && probes !== '0')
    errors.set(keys.probes, `Probes can only be switched off: ${keys.probes}=0.`);
  return { ...(stopRule && { stopRule }), ...(probes === '0' && { probes: 'none' as const }) };
}

function isStopKind(text: string): text is StopKind {
  return Object.hasOwn(stopKinds, text);
}

export function readQuestion(text: string | undefined, errors: Map<string, string>): QuestionRef | undefined {
  if (text === undefined) return undefined;
  const [, id, size] = /^(P\d{1,3})\.(full|quick)$/.exec(text) ?? [];
  if (id !== undefined && (size === 'full' || size === 'quick')) return { id, size };
  errors.set('q', 'The question must be written like P1.full or P1.quick.');
  return undefined;
}

export function readSeeds(text: string, errors: Map<string, string>): readonly number[] {
  const seeds = text.split(',').map((seed) => (/^\d{1,10}$/.test(seed) ? Number(seed) : Number.NaN));
  const isGood = seeds.every((seed) => seed <= 0xffffffff) && new Set(seeds).size === seeds.length;
  if (!isGood || seeds.length > MAX_SEEDS) {
    errors.set(
      'seeds',
      `Seeds must be 1 to ${MAX_SEEDS.toLocaleString('en-US')} different whole numbers from 0 to 4,294,967,295.`,
    );
  }
  return seeds;
}

export function readNumber(text: string): number | undefined {
  return /^\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Foreign text for a message. */
export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
