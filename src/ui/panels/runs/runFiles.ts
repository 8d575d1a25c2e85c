import type { TrainRecord } from '#client/runRecord.ts';
import type { TrainingClient } from '#client/trainingClient.ts';

/** A file that the worker makes of one training run. */
export interface RunFile {
  readonly label: string;
  /** What its name says besides the run's. */
  readonly title: string;
  readonly extension: 'zip' | 'safetensors' | 'bin';
  readonly read: (client: TrainingClient) => Promise<Uint8Array<ArrayBuffer>>;
}

/** What can be taken along of a run: a fork has no initial weights, and some runs have no later ones. */
export function runFilesOf({ id, forkOf, checkpointStep, notKept }: TrainRecord): readonly RunFile[] {
  const hasInitial = forkOf === undefined;
  const hasLast = checkpointStep !== undefined || notKept !== undefined;
  const bundle = (which: 'initial' | 'last', label: string): RunFile => ({
    label,
    title: `pytorch ${which}`,
    extension: 'zip',
    read: (client) => client.pytorchBundle(id, which),
  });
  const weights = (which: 'initial' | 'last', label: string): RunFile => ({
    label,
    title: `${which} weights`,
    extension: 'safetensors',
    read: (client) => client.weights(id, which),
  });
  const state: RunFile = {
    label: 'State with optimizer, to go on elsewhere',
    title: 'state',
    extension: 'bin',
    read: async (client) => {
      const bytes = await client.checkpoint(id);
      if (!bytes) throw new Error('No state of this run is kept any more.');
      return bytes;
    },
  };
  return [
    ...(hasInitial || hasLast ? [bundle(hasInitial ? 'initial' : 'last', 'Continue in PyTorch (.zip)')] : []),
    ...(hasInitial && hasLast ? [bundle('last', 'PyTorch, from the last weights (.zip)')] : []),
    ...(hasInitial ? [weights('initial', 'Weights, initial')] : []),
    ...(hasLast ? [weights('last', 'Weights, last state'), state] : []),
  ];
}
