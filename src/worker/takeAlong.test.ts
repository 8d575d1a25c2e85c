import { unzipSync } from 'fflate';
import { beforeEach, describe, expect, test } from 'vitest';
import { epochOrder } from '#data/order.ts';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import { resnet18 } from '#domain/resnet.ts';
import { startWeights } from '#engine/startWeights.ts';
import { decodeSafetensors, encodeSafetensors } from '#export/safetensors.ts';
import { toTorch } from '#export/torchTensors.ts';
import { RunStore } from '#store/runStore.ts';
import { fakeDataset } from '#testing/fakeEngine.ts';
import { MemoryFiles } from '#testing/memoryFiles.ts';
import { Page, experiment, training, wireOf } from '#testing/workerPage.ts';
import type { PageOptions } from '#testing/workerPage.ts';

const network = resnet18({ width: experiment.width, stemPadding: experiment.stemPadding, classes: 10 });
const drawn = startWeights(network, experiment.norm, 7);
const file = encodeSafetensors(
  toTorch(network, experiment.norm, {
    parameters: drawn.weights,
    buffers: new Map(
      [...drawn.weights]
        .filter(([name]) => name.endsWith('.weight') && /bn|downsample\.1/.test(name))
        .flatMap(([name, { length }]) => [
          [name.replace('weight', 'running_mean'), new Float32Array(length)] as const,
          [name.replace('weight', 'running_var'), new Float32Array(length).fill(1)] as const,
        ]),
    ),
  }),
);

let files: MemoryFiles;

beforeEach(() => {
  files = new MemoryFiles();
});

function open(options: PageOptions = {}): Promise<Page> {
  return new Page({ store: new RunStore(files), ...options }).ready();
}

/** A body whose weights the test may look at later: those that are sent are handed over. */
function withWeights(runId: string) {
  return { ...training(runId), initialWeights: file.slice(), initialWeightsName: 'mine.safetensors' };
}

const lost = (step: number): PageOptions['engine'] => ({
  stepMs: 1000,
  beforeStep: (at) => {
    if (at === step) throw Object.assign(new Error('The GPU was lost.'), { name: 'DeviceLostError' });
  },
});

describe('weights of a file', () => {
  test('are where the run starts, are said of it and can be had again', async () => {
    const page = await open();
    expect(await page.request('train', withWeights('a'))).toEqual({ status: 'finished' });
    const { runs } = await (await open()).request('keptRuns', {});
    expect(runs).toMatchObject([
      { header: { givenWeights: 'mine.safetensors' }, plan: { initialWeightsHash: drawn.hash } },
    ]);
    const { bytes } = await page.request('weights', { runId: 'a', which: 'initial' });
    expect(decodeSafetensors(bytes).tensors.get('conv1.weight')).toEqual(
      decodeSafetensors(file).tensors.get('conv1.weight'),
    );
  });

  test('are what an interrupted run begins again with, which is refused without them', async () => {
    await (await open({ engine: lost(0)! })).request('train', withWeights('a'));
    const kept = files.content.get('run-a')!.get('given.safetensors')!;
    files.content.get('run-a')!.delete('given.safetensors');
    const page = await open();
    const { sentence } = await wireOf(page.request('resumeKept', { runId: 'a' }));
    expect(sentence).toBe(
      'This run started from the weights of “mine.safetensors”, which are not kept here.',
    );
    files.content.get('run-a')!.set('given.safetensors', kept);
    expect(await page.request('resumeKept', { runId: 'a' })).toEqual({ status: 'finished' });
    expect(page.events).toContainEqual(
      expect.objectContaining({
        type: 'run-plan',
        plan: expect.objectContaining({ initialWeightsHash: drawn.hash }) as unknown,
      }),
    );
  });

  test('of another network are refused by the name of a tensor, and nothing is kept', async () => {
    const page = await open();
    const body = { ...withWeights('a'), ...training('a', { width: 32 }) };
    expect((await wireOf(page.request('train', body))).sentence).toContain('conv1.weight has the shape');
    expect(files.content.size).toBe(0);
  });
});

describe('the bundle for PyTorch', () => {
  test('holds the weights and the images of the first batches in the order of the steps', async () => {
    const page = await open();
    await page.request('train', withWeights('a'));
    const { bytes } = await page.request('pytorchBundle', { runId: 'a', which: 'initial' });
    const zip = unzipSync(bytes);
    expect(Object.keys(zip).sort()).toEqual(
      ['README.txt', 'config.json', 'init.safetensors', 'sample.safetensors', 'train.py'].sort(),
    );
    const config = JSON.parse(new TextDecoder().decode(zip['config.json'])) as Record<string, unknown>;
    expect(config).toMatchObject({ seed: 0, batchSize: 16, classes: 10, weightsStep: 0 });
    expect(config['losses']).toHaveLength(10);
    const { tensors } = decodeSafetensors(zip['sample.safetensors']!);
    const { train } = fakeDataset(100, 40);
    // Six batches an epoch: the last four are of the second one.
    const order = [0, 1].flatMap((epoch) => [...epochOrder(0, epoch, 100, 16)]).slice(0, 160);
    expect([...tensors.get('labels')!.data]).toEqual(order.map((index) => train.labels[index]));
    const last = order.at(-1)! * IMAGE_BYTES;
    expect(tensors.get('images')!.data.slice(159 * IMAGE_BYTES)).toEqual(
      train.images.slice(last, last + IMAGE_BYTES),
    );
  });

  test('needs the data that the run was trained on', async () => {
    const page = await open();
    await page.request('train', withWeights('a'));
    const other = fakeDataset(100, 40);
    page.load = async () => ({ ...other, info: { ...other.info, hash: '1'.repeat(64) } });
    await page.request('loadDataset', { source: { kind: 'built-in' } });
    expect(await wireOf(page.request('pytorchBundle', { runId: 'a', which: 'initial' }))).toMatchObject({
      code: 'other-data',
      sentence: 'Load “Fake” first: the bundle holds some of its images.',
    });
    expect((await wireOf(page.request('pytorchBundle', { runId: 'b', which: 'last' }))).sentence).toContain(
      'not kept',
    );
  });
});

describe('what else is kept of a run', () => {
  test('wall-clock time of every step, pauses included, and the time of its steps', async () => {
    const page = await open({ engine: { stepMs: 1000 } });
    let hasPaused = false;
    page.onEvent = (event) => {
      if (event.type === 'epoch' && !hasPaused) {
        hasPaused = true;
        void page.request('pause', { runId: 'a' });
      }
      if (event.type === 'run-status' && event.status === 'paused') {
        page.clock.advance(50_000);
        void page.request('resume', { runId: 'a' });
      }
    };
    await page.request('train', training('a'));
    const next = await open();
    const { elapsedMs, wallMs } = await next.request('keptSteps', { runId: 'a' });
    expect([...elapsedMs]).toEqual(Array.from({ length: 12 }, (_, step) => 1000 * (step + 1)));
    const idle = [...elapsedMs].map((elapsed, step) => wallMs![step]! - elapsed);
    expect(idle).toEqual([...idle].sort((a, b) => a - b));
    expect(idle[0]).toBe(0);
    expect(idle[11]).toBe(50_000);
    const [run] = (await next.request('keptRuns', {})).runs;
    // The first step of each epoch is not timed.
    expect(run?.stepTime).toEqual({ steps: 10, milliseconds: 10_000 });
  });

  test('differences of validation in a race', async () => {
    const page = await open();
    const starts = ['a', 'b'].map((runId) => training(runId).start);
    await page.request('race', { starts });
    const { runs } = await (await open()).request('keptRuns', {});
    const paired = page.events.flatMap((event) => {
      if (event.type !== 'paired-validation') return [];
      const { type: _, ...row } = event;
      return [row];
    });
    expect(paired).toHaveLength(2);
    expect(runs.map((run) => run.paired)).toEqual([undefined, paired]);
  });

  test('room and runs that cannot be read', async () => {
    const page = await open();
    await page.request('train', training('a'));
    await files.write('run-b', 'events.log', [Uint8Array.of(1, 2, 3)]);
    const { runBytes, problems } = await page.request('keptStorage', {});
    expect(runBytes).toBeGreaterThan(1000);
    expect(problems).toMatchObject([{ runId: 'b' }]);
    await page.request('removeRun', { runId: 'b' });
    expect((await page.request('keptStorage', {})).problems).toEqual([]);
    expect(await (await new Page().ready()).request('keptStorage', {})).toMatchObject({ runBytes: 0 });
  });
});
