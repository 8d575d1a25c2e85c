import { describe, expect, test } from 'vitest';
import type { WorkerPort } from '#client/workerPort.ts';
import { ownSteps } from '#export/exportedRun.ts';
import { encodeRuns } from '#export/runsJson.ts';
import type { RequestMessage } from '#protocol/messages.ts';
import { RunStore } from '#store/runStore.ts';
import { MemoryFiles } from '#testing/memoryFiles.ts';
import { experiment, Page, type PageOptions } from '#testing/workerPage.ts';
import { Lab } from './lab.ts';
import type { LabEvent, LabHost, LabJob } from './messages.ts';
import { firstBatches, parseRunFile } from './runFiles.ts';

/** A lab over a worker with fake engines, and files in memory. */
class Bench {
  readonly events: LabEvent[] = [];
  /** Names in the order in which they were written. */
  readonly writes: string[] = [];
  readonly files: Map<string, Uint8Array<ArrayBuffer> | string>;
  readonly requests: RequestMessage[] = [];
  onEvent: (event: LabEvent) => void = () => undefined;
  readonly lab: Lab;

  /** @param inputs files of another bench, to go on from. */
  constructor(options: PageOptions = {}, inputs: Bench['files'] = new Map()) {
    this.files = new Map();
    const page = new Page({ store: new RunStore(new MemoryFiles()), ...options });
    const host: LabHost = {
      read: async (name) => {
        const content = inputs.get(name);
        if (content === undefined) throw new Error(`no ${name}`);
        return new File([content], name);
      },
      write: async (name, content) => {
        this.writes.push(name);
        this.files.set(name, content);
      },
      emit: (event) => {
        this.events.push(event);
        this.onEvent(event);
      },
    };
    this.lab = new Lab(this.#port(page), host);
  }

  async run(changes: Partial<LabJob> = {}) {
    await this.lab.open({ kind: 'built-in' });
    return this.lab.run({ ...job, ...changes });
  }

  get losses(): number[] {
    return this.events.flatMap((event) => (event.type === 'steps' ? event.losses : []));
  }

  runFile(name = 'run.json') {
    return parseRunFile(this.files.get(name) as string);
  }

  #port(page: Page): WorkerPort {
    let deliver: (data: unknown) => void = () => undefined;
    return {
      postMessage: (message) => {
        this.requests.push(message);
        // The fake engine's weights are those of no network.
        if (message.name === 'weights') {
          const bytes = Uint8Array.of(message.body.which === 'initial' ? 1 : 2);
          queueMicrotask(() => deliver({ type: 'response', id: message.id, ok: true, body: { bytes } }));
        } else void page.post(message).then((answer) => deliver(answer));
      },
      listen: ({ message }) => {
        deliver = message;
        page.onEvent = (event) => message({ type: 'event', event });
      },
      terminate: () => undefined,
    };
  }
}

const job: LabJob = {
  command: 'train',
  experiment,
  finder: undefined,
  folder: '',
  hasInit: false,
  withPytorch: false,
  maxSteps: undefined,
};

/** Slow enough that states are kept while it trains. */
const slow: PageOptions = { engine: { stepMs: 1000 } };

describe('a run', () => {
  test('leaves its files, and tells what happens in order', async () => {
    const bench = new Bench();
    const outcome = await bench.run();
    expect(outcome).toMatchObject({ status: 'finished', stepCount: 12, divergence: undefined });
    expect([...bench.files.keys()].toSorted()).toEqual([
      'checkpoint.bin',
      'init.safetensors',
      'metrics.csv',
      'model.safetensors',
      'run.json',
    ]);
    const { run, steps } = bench.runFile();
    expect(run).toMatchObject({ status: 'finished', epochs: { length: 2 }, header: { experiment } });
    expect([...steps.losses]).toEqual(bench.losses);
    expect((bench.files.get('metrics.csv') as string).trim().split('\n')).toHaveLength(13);
    const types = bench.events.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['device', 'dataset', 'run']);
    expect(types.at(-1)).toBe('end');
  });

  test('has its steps on disk before the checkpoint that needs them', async () => {
    const bench = new Bench(slow);
    await bench.run();
    const checkpoints = bench.writes.flatMap((name, i) => (name === 'checkpoint.bin' ? [i] : []));
    expect(checkpoints.length).toBeGreaterThan(1);
    for (const at of checkpoints) {
      expect(bench.writes.slice(0, at).filter((name) => name === 'run.json').length).toBeGreaterThanOrEqual(
        checkpoints.indexOf(at) + 1,
      );
    }
    expect(bench.writes.indexOf('init.safetensors')).toBeLessThan(checkpoints[0]!);
  });

  test('that diverges says where, and is a result', async () => {
    const bench = new Bench({ engine: { loss: (step, loss) => (step === 4 ? Number.NaN : loss) } });
    expect(await bench.run()).toMatchObject({
      status: 'diverged',
      divergence: { step: 4, reason: 'not-finite' },
      stepCount: 5,
    });
    expect(bench.runFile().steps.losses[4]).toBeNaN();
  });

  test('that the device fails ends as interrupted, with the reason', async () => {
    const beforeStep = (step: number): void => {
      if (step === 3) throw Object.assign(new Error('The GPU was lost.'), { name: 'DeviceLostError' });
    };
    expect(await new Bench({ engine: { beforeStep } }).run()).toMatchObject({
      status: 'interrupted',
      detail: 'The GPU was lost.',
      stepCount: 3,
    });
  });

  test('goes below the folder of its arm', async () => {
    const bench = new Bench();
    await bench.run({ folder: 'arm/' });
    expect(bench.writes.every((name) => name.startsWith('arm/'))).toBe(true);
  });

  test('starts from weights of the host', async () => {
    const bench = new Bench({}, new Map([['init', 'no safetensors']]));
    await expect(bench.run({ hasInit: true })).rejects.toMatchObject({ name: 'LabError', isRefusal: true });
    const request = bench.requests.find(({ name }) => name === 'train');
    expect(request).toMatchObject({ body: { initialWeights: new TextEncoder().encode('no safetensors') } });
  });

  test('is refused with its reason when its settings do not fit the data', async () => {
    const bench = new Bench();
    await expect(bench.run({ experiment: { ...experiment, batchSize: 128 } })).rejects.toMatchObject({
      message: 'Batch size 128 is larger than the 100 training images.',
      isRefusal: true,
    });
    expect(bench.writes).toEqual([]);
  });
});

describe('a finder', () => {
  test('leaves its curve and suggestions', async () => {
    const bench = new Bench();
    const finder = { start: 1e-4, end: 10, steps: 20 };
    const { status, result } = await bench.run({ command: 'lr-find', finder });
    expect(status).toBe('finished');
    expect(bench.runFile().run).toMatchObject({ header: { kind: 'finder', finder }, result });
    expect(bench.files.has('checkpoint.bin')).toBe(false);
  });
});

describe('stopping', () => {
  async function whole(): Promise<number[]> {
    const bench = new Bench();
    await bench.run();
    return bench.losses;
  }

  /** Another visit, with the files that the first one left. */
  function continued(first: Bench): Bench {
    const names = ['run.json', 'checkpoint.bin'];
    return new Bench({}, new Map(names.map((name) => [`resume/${name}`, first.files.get(name)!])));
  }

  test('after a number of steps leaves a checkpoint, and the run goes on as if it had never stopped', async () => {
    const first = new Bench();
    expect(await first.run({ maxSteps: 7 })).toMatchObject({ status: 'stopped', stepCount: 7 });
    const second = continued(first);
    const outcome = await second.run({ command: 'resume', experiment: undefined });
    expect(outcome).toMatchObject({ status: 'finished', stepCount: 12 });
    expect(second.events).toContainEqual(expect.objectContaining({ type: 'continues', step: 7 }));
    expect([...first.losses, ...second.losses]).toEqual(await whole());
    expect([...second.runFile().steps.losses]).toEqual(await whole());
  });

  test('leaves a fork that goes on too', async () => {
    const first = new Bench();
    await first.run({ maxSteps: 7 });
    const { run, steps } = first.runFile();
    const forkOf = { runId: 'origin', step: 3 };
    const fork = { ...run, header: { ...run.header, forkOf }, stepCount: 4 };
    first.files.set('run.json', encodeRuns([{ run: fork, steps: ownSteps(steps, forkOf) }], 0));
    const second = continued(first);
    const outcome = await second.run({ command: 'resume', experiment: undefined });
    expect(outcome).toMatchObject({ status: 'finished', stepCount: 9 });
    expect(second.losses).toEqual((await whole()).slice(7));
    expect(second.runFile().steps.firstStep).toBe(3);
  });

  test('at an epoch’s end evaluates it first', async () => {
    const bench = new Bench();
    expect(await bench.run({ maxSteps: 6 })).toMatchObject({ status: 'stopped', stepCount: 6 });
    expect(bench.runFile().run.epochs).toHaveLength(1);
  });

  test('a whole run by its number of steps finishes it', async () => {
    expect(await new Bench().run({ maxSteps: 12 })).toMatchObject({ status: 'finished' });
  });

  test('while it trains keeps what was done', async () => {
    const bench = new Bench(slow);
    bench.onEvent = ({ type }) => type === 'steps' && bench.lab.stop();
    const { status, stepCount } = await bench.run();
    expect(status).toBe('stopped');
    expect(stepCount).toBeLessThan(12);
    const second = continued(bench);
    await second.run({ command: 'resume', experiment: undefined });
    expect([...second.runFile().steps.losses]).toEqual(await whole());
  });

  test('before the first step ends the run there', async () => {
    const bench = new Bench();
    bench.onEvent = ({ type }) => type === 'run' && bench.lab.stop();
    expect(await bench.run()).toMatchObject({ status: 'stopped', stepCount: 0 });
  });
});

describe('what cannot be continued is refused', () => {
  const resume = { command: 'resume', experiment: undefined } as const;

  async function stopped(): Promise<Bench['files']> {
    const bench = new Bench();
    await bench.run({ maxSteps: 7 });
    return new Map([...bench.files].map(([name, content]) => [`resume/${name}`, content] as const));
  }

  test.each([
    ['resume/run.json', '{}', /holds no runs of NormLab/],
    ['resume/checkpoint.bin', 'cut off', 'The checkpoint is damaged or cut off.'],
  ])('%s with the content “%s”', async (name, content, sentence) => {
    const files = await stopped();
    files.delete('resume/init.safetensors');
    files.set(name, content);
    await expect(new Bench({}, files).run(resume)).rejects.toThrow(sentence);
  });

  test('the checkpoint of another run', async () => {
    const files = await stopped();
    files.set('resume/checkpoint.bin', (await stopped()).get('resume/checkpoint.bin')!);
    await expect(new Bench({}, files).run(resume)).rejects.toMatchObject({
      message: 'The checkpoint is that of another run.',
      isRefusal: true,
    });
  });
});

test('the first ten batches go on from epoch to epoch, and end with the run', () => {
  const plan = {
    experiment: { ...experiment, batchSize: 2 },
    totalSteps: 9,
    stepsPerEpoch: 3,
    trainCount: 7,
    validCount: 1,
    initialWeightsHash: '',
    orderHash: '',
  };
  const batches = firstBatches(plan);
  expect(batches).toHaveLength(9);
  expect(batches.every((batch) => batch.length === 2)).toBe(true);
  // One epoch shows no image twice; another shows them in another order.
  expect(new Set(batches.slice(0, 3).flat()).size).toBe(6);
  expect(batches.slice(3, 6)).not.toEqual(batches.slice(0, 3));
  expect(firstBatches({ ...plan, totalSteps: 90 })).toHaveLength(10);
});
