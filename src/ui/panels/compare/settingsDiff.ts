import { armKey, weightsKey } from '#analysis/repeats.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { namedByArm } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import { parameterNames, parameters } from '#domain/parameters.ts';
import { stopText } from '#domain/runOptions.ts';
import { settingText } from '#domain/settingText.ts';
import { givenText } from '#ui/runText.ts';

/** One thing that runs differ in, with the text of each run. */
export interface SettingDifference {
  readonly name:
    | keyof Experiment
    | 'dataset'
    | 'device'
    | 'version'
    | 'fork'
    | 'startWeights'
    | 'stops'
    | 'probes';
  readonly label: string;
  readonly values: readonly string[];
}

/** Everything that some runs were told or given and that is not the same for all of them. */
export function settingsDiff(runs: readonly RunRecord[]): readonly SettingDifference[] {
  const rows: readonly SettingDifference[] = [
    ...parameterNames.map((name) => ({
      name,
      label: parameters[name].label,
      values: runs.map((run) => settingText(run.experiment, name)),
    })),
    {
      name: 'dataset',
      label: 'Data',
      values: runs.map((run) => `${run.datasetTitle} (${run.datasetHash.slice(0, 8)})`),
    },
    {
      name: 'fork',
      label: 'Forked from',
      values: runs.map(({ forkOf }) =>
        forkOf
          ? `${forkOf.number === undefined ? forkOf.runId : `run ${forkOf.number}`} at step ${forkOf.step}`
          : '–',
      ),
    },
    {
      name: 'startWeights',
      label: 'Start weights',
      values: runs.map((run) => givenText(run) ?? 'of the seed'),
    },
    {
      name: 'stops',
      label: 'Stops',
      values: runs.map(({ options }) =>
        options?.stopRule ? stopText(options.stopRule) : 'after its last epoch',
      ),
    },
    {
      name: 'probes',
      label: 'Probes',
      values: runs.map(({ options }) => (options?.probes === 'none' ? 'none' : 'inside long epochs')),
    },
    { name: 'device', label: 'Device', values: runs.map((run) => run.deviceTitle) },
    { name: 'version', label: 'NormLab', values: runs.map((run) => run.version) },
  ];
  return rows.filter(({ values }) => new Set(values).size > 1);
}

/**
 * What does not change which answer a run gives: repeats differ in the seed, clocks in the device, and a step
 * computes the same whenever the run ends and whether it is probed.
 */
const HARMLESS: ReadonlySet<SettingDifference['name']> = new Set([
  'seed',
  'device',
  'version',
  'stops',
  'probes',
]);
/** What is compared: one of these at a time. Together they make the arm. */
const ARM: ReadonlySet<SettingDifference['name']> = namedByArm;

/** Equal for runs that can stand for each other here. */
function comparedKey(run: RunRecord): string {
  const { experiment, datasetHash, forkOf } = run;
  return `${armKey(experiment)} ${datasetHash} ${forkOf?.runId} ${forkOf?.step} ${weightsKey(run)}`;
}

/**
 * Why two of the runs cannot be compared fairly, as names of what they differ in besides one compared thing;
 * undefined where the whole set varies one thing. A batch size needs no warning of its own: panels separate it.
 */
export function unfairPair(
  runs: readonly RunRecord[],
): { readonly pair: readonly [RunRecord, RunRecord]; readonly labels: readonly string[] } | undefined {
  const arms = [...new Map(runs.map((run) => [comparedKey(run), run])).values()];
  for (const [i, first] of arms.entries()) {
    for (const second of arms.slice(i + 1)) {
      if (first.experiment.batchSize !== second.experiment.batchSize) continue;
      const counted = settingsDiff([first, second]).filter(({ name }) => !HARMLESS.has(name));
      const arm = counted.filter(({ name }) => ARM.has(name));
      const others = counted.filter(({ name }) => !ARM.has(name));
      if (others.length + (arm.length > 0 ? 1 : 0) > 1) {
        return { pair: [first, second], labels: counted.map(({ label }) => label) };
      }
    }
  }
  return undefined;
}
