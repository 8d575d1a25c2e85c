import type { Checkpoint } from '#domain/checkpoint.ts';
import type { Dataset } from '#domain/dataset.ts';
import type { KeptRun, RunHeader } from '#domain/keptRun.ts';
import { bufferTable, resnet18 } from '#domain/resnet.ts';
import { VERSION } from '#domain/version.ts';
import { encodeSafetensors } from '#export/safetensors.ts';
import { toTorch } from '#export/torchTensors.ts';
import type { RequestName, Requests } from '#protocol/messages.ts';
import type { StartWeightsSource } from '#train/plan.ts';
import { checkpointBytes, checkpointOf } from './checkpointFiles.ts';
import { givenWeights, missingWeights } from './givenWeights.ts';
import { newestState } from './keptStore.ts';
import type { KeptStore } from './keptStore.ts';
import { RequestError } from './requestError.ts';
import { runBundle } from './runBundle.ts';
import type { RunLocks } from './runLocks.ts';
import type { Runs } from './runs.ts';

export interface KeptRunsParts {
  /** Undefined where the browser keeps no files. */
  readonly store: () => Promise<KeptStore | undefined>;
  readonly locks: RunLocks;
  readonly startWeights: StartWeightsSource;
  readonly runs: Pick<Runs, 'isCurrent' | 'header' | 'memory'>;
  /** The data set in use. */
  readonly dataset: () => Dataset | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Answer<Name extends RequestName> = Promise<Requests[Name]['response']>;

/** Answers requests about runs that are kept. Where nothing is kept, there are none. */
export class KeptRuns {
  readonly #parts: KeptRunsParts;

  constructor(parts: KeptRunsParts) {
    this.#parts = parts;
  }

  async list(): Answer<'keptRuns'> {
    const { store, locks } = this.#parts;
    const [kept, elsewhere] = await Promise.all([store(), locks.elsewhere()]);
    const runs = (await kept?.list({ isOwned: (runId) => elsewhere.has(runId) })) ?? [];
    return {
      runs: runs.map((run): KeptRun =>
        elsewhere.has(run.header.runId) ? { ...run, isElsewhere: true } : run,
      ),
    };
  }

  async steps({ runId }: Requests['keptSteps']['request']): Answer<'keptSteps'> {
    return (await this.#store()).steps(runId);
  }

  async describe({ runId, notes }: Requests['describeRun']['request']): Answer<'describeRun'> {
    await (await this.#store()).describe(runId, notes);
    return {};
  }

  async remove({ runId }: Requests['removeRun']['request']): Answer<'removeRun'> {
    const { store, locks, runs } = this.#parts;
    if (runs.isCurrent(runId)) throw isGoing();
    if ((await locks.elsewhere()).has(runId)) {
      throw new RequestError('This run is going on in another tab.', { code: 'elsewhere' });
    }
    await (await store())?.remove(runId);
    return {};
  }

  async import({ runs }: Requests['importRuns']['request']): Answer<'importRuns'> {
    const store = await this.#store();
    const outcome = { added: [] as string[], skipped: [] as string[] };
    for (const { run, steps } of runs) outcome[await store.import(run, steps)].push(run.header.runId);
    return outcome;
  }

  async weights({ runId, which }: Requests['weights']['request']): Answer<'weights'> {
    const { store, runs, dataset, startWeights } = this.#parts;
    const kept = await store();
    const header = (await kept?.read(runId))?.header ?? runs.header(runId);
    if (!header) throw notKept();
    const state = await newestState(runId, { store: kept, memory: runs.memory });
    if (which === 'last') {
      if (!state) throw new RequestError('No weights of this run were kept.');
      return { bytes: weightsFile(header, classCount(state), state) };
    }
    if (header.forkOf) {
      throw new RequestError('A fork starts from a state of another run: it has no initial weights.');
    }
    const info = dataset()?.info;
    const classes = info?.hash === header.dataset.hash ? info.classNames.length : state && classCount(state);
    if (classes === undefined) {
      throw new RequestError(`Load “${header.dataset.title}” first: the weights depend on its classes.`, {
        code: 'other-data',
      });
    }
    const { experiment } = header;
    const network = resnet18({ ...experiment, classes });
    const given = runs.memory.givenWeights(runId) ?? (await kept?.givenWeights(runId));
    if (header.givenWeights !== undefined && !given)
      throw new RequestError(missingWeights(header.givenWeights));
    const source = given ? givenWeights(given) : startWeights;
    const { weights } = source(network, experiment.norm, experiment.seed);
    const buffers = new Map(
      bufferTable(network, experiment.norm).tensors.map(({ name, kind, size }) => [
        name,
        new Float32Array(size).fill(kind === 'scale' ? 1 : 0),
      ]),
    );
    return { bytes: weightsFile(header, classes, { step: 0, parameters: weights, buffers }) };
  }

  /** What runs take of the browser's storage, and those that cannot be read. */
  async storage(): Answer<'keptStorage'> {
    const store = await this.#parts.store();
    if (!store) {
      return { runBytes: 0, usage: undefined, quota: undefined, isPersistent: undefined, problems: [] };
    }
    const [usage, problems] = await Promise.all([store.usage(), store.problems()]);
    return { ...usage, problems };
  }

  async pytorchBundle({
    runId,
    which,
    initialWeights,
  }: Requests['pytorchBundle']['request']): Answer<'pytorchBundle'> {
    const { dataset, now } = this.#parts;
    const store = await this.#store();
    const run = await store.read(runId);
    if (!run) throw notKept();
    const { header, plan } = run;
    if (!plan || header.kind === 'finder') throw new RequestError('Only training runs continue in PyTorch.');
    const images = dataset();
    if (images?.info.hash !== header.dataset.hash) {
      throw new RequestError(`Load “${header.dataset.title}” first: the bundle holds some of its images.`, {
        code: 'other-data',
      });
    }
    const given = which === 'initial' ? initialWeights : undefined;
    const weights = given ?? (await this.weights({ runId, which })).bytes;
    const { losses } = await store.steps(runId);
    return { bytes: await runBundle({ plan, dataset: images, weights, losses, now: now() }) };
  }

  async checkpointSteps({ runId }: Requests['checkpointSteps']['request']): Answer<'checkpointSteps'> {
    const { store, runs } = this.#parts;
    const kept = (await (await store())?.checkpoints.steps(runId)) ?? [];
    const held = runs.memory.get(runId);
    const steps = new Set([...kept, ...(held ? [held.step] : [])]);
    return { steps: [...steps].sort((a, b) => a - b) };
  }

  /** The newest checkpoint of a run as a file. */
  async checkpoint({ runId }: Requests['checkpoint']['request']): Answer<'checkpoint'> {
    const { store, runs } = this.#parts;
    const state = await newestState(runId, { store: await store(), memory: runs.memory });
    return { bytes: state && (await checkpointBytes(state)) };
  }

  async importCheckpoint({
    runId,
    bytes,
  }: Requests['importCheckpoint']['request']): Answer<'importCheckpoint'> {
    const checkpoint = await checkpointOf(bytes);
    if (this.#parts.runs.isCurrent(runId ?? checkpoint.runId)) throw isGoing();
    if (runId !== undefined && checkpoint.runId !== runId) {
      throw new RequestError('The checkpoint is that of another run.');
    }
    const store = await this.#store();
    const run = await store.read(checkpoint.runId);
    if (!run) throw new RequestError('The run of this checkpoint is not kept here: import that first.');
    await store.checkpoints.save(checkpoint);
    return { runId: checkpoint.runId, step: checkpoint.step };
  }

  async #store(): Promise<KeptStore> {
    const store = await this.#parts.store();
    if (!store) throw new RequestError('This browser keeps no files for this page, so no runs are kept.');
    return store;
  }
}

function notKept(): RequestError {
  return new RequestError('This run is not kept in this browser.');
}

function isGoing(): RequestError {
  return new RequestError('This run is going on; stop it first.');
}

/** Classes that the network of a state tells apart. */
function classCount({ parameters }: Checkpoint): number | undefined {
  return parameters.get('fc.bias')?.length;
}

/** @param classes undefined when the state has no classifier, which then is the first tensor to be missing. */
function weightsFile(
  { experiment, dataset, runId }: RunHeader,
  classes: number | undefined,
  state: Pick<Checkpoint, 'step' | 'parameters' | 'buffers'>,
): Uint8Array<ArrayBuffer> {
  const network = resnet18({ ...experiment, classes: classes ?? 0 });
  return encodeSafetensors(toTorch(network, experiment.norm, state, state.step), {
    // What PyTorch's loaders look for.
    format: 'pt',
    normlab: VERSION,
    run: runId,
    step: String(state.step),
    experiment: JSON.stringify(experiment),
    dataset: JSON.stringify(dataset),
  });
}
