import type { RunRecord } from '#client/runRecord.ts';
import { namedByArm } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import { parameterNames, parameters } from '#domain/parameters.ts';
import type { ParameterName } from '#domain/parameters.ts';
import { settingText } from '#domain/settingText.ts';
import { formatCount, formatRate } from './format.ts';
import { runLabel } from './runText.ts';

/** Settings that are known by less than their label. */
const SHORT: Partial<Record<ParameterName, (text: string, experiment: Experiment) => string>> = {
  batchSize: (text) => `bs ${text}`,
  maxLearningRate: (_, { maxLearningRate }) => formatRate(maxLearningRate, 3),
  epochs: (text, { epochs }) => `${text} ${epochs === 1 ? 'epoch' : 'epochs'}`,
  optimizer: (text) => text,
  schedule: (text) => text,
  augmentation: (text, { augmentation }) => (augmentation === 'none' ? 'not augmented' : text.toLowerCase()),
  trainLimit: (text) => `${text} images`,
  gradientClip: (text, { gradientClip }) => (gradientClip ? `clip ${text}` : 'not clipped'),
};

/** A setting in as few characters as say which one it is. */
function shortSetting(experiment: Experiment, name: ParameterName): string {
  const text = settingText(experiment, name);
  return SHORT[name]?.(text, experiment) ?? `${parameters[name].label.toLowerCase()} ${text}`;
}

/**
 * Names of runs that are shown together, by id: number and arm, and of everything else only what is not the same for
 * all of them: '#7 GN+WS · bs 2 · 5e-5 · seed 3'. A name that was given says enough.
 * @param isOfArms the names stand for repeats too, so that the seed is no part of them.
 */
export function runNames(runs: readonly RunRecord[], isOfArms = false): ReadonlyMap<string, string> {
  const varied = parameterNames.filter(
    (name) =>
      !namedByArm.has(name) &&
      !(isOfArms && name === 'seed') &&
      runs.some((run) => run.experiment[name] !== runs[0]!.experiment[name]),
  );
  const hasOtherData = runs.some((run) => run.datasetHash !== runs[0]!.datasetHash);
  const taken = new Map<string, number>();
  return new Map(
    runs.map((run) => {
      const parts = run.notes.name
        ? []
        : [
            ...varied.map((name) => shortSetting(run.experiment, name)),
            ...(hasOtherData ? [run.datasetTitle] : []),
            ...(run.forkOf ? [`from step ${formatCount(run.forkOf.step)}`] : []),
            ...(run.givenWeights === undefined ? [] : [`from ${run.givenWeights || 'given weights'}`]),
          ];
      const name = [runLabel(run), ...parts].join(' · ');
      // Numbers repeat among runs of different browsers.
      const count = (taken.get(name) ?? 0) + 1;
      taken.set(name, count);
      return [run.id, count === 1 ? name : `${name} (${count})`];
    }),
  );
}

/** The beginning of a name that has room for so many characters. */
export function shortName(name: string, length: number): string {
  return name.length > length ? `${name.slice(0, length - 1).trimEnd()}…` : name;
}
