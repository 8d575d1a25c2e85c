import { Fnv1a } from '#lib/fnv.ts';
import type { Experiment } from './experiment.ts';
import { parameterNames } from './parameters.ts';

/**
 * Eight hexadecimal digits that are equal for equal settings, in whatever order their fields are. A new
 * parameter changes them all, unless experiments leave it out.
 */
export function experimentHash(experiment: Experiment): string {
  const fields = parameterNames
    .filter((name) => experiment[name] !== undefined)
    .map((name) => [name, experiment[name]]);
  return new Fnv1a().update(new TextEncoder().encode(JSON.stringify(fields))).hex();
}
