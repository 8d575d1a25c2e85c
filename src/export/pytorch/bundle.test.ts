import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { loadCifarFiles } from '#data/cifarFiles.ts';
import { CIFAR10_FILES, looseFiles, records } from '#data/fixtures/cifarFixtures.ts';
import { epochOrder } from '#data/order.ts';
import type { Dataset } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { resnet18 } from '#domain/resnet.ts';
import { augmentOf, cropReference } from '#kernels/gather/reference.ts';
import { initialWeights } from '#nn/init.ts';
import { scheduleTable } from '#optim/schedules.ts';
import { goldenSettings, type GoldenName } from '#testing/golden.ts';
import golden from '../../testing/golden/golden.json';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../safetensors.ts';
import { fromTorch, toTorch } from '../torchTensors.ts';
import { pytorchBundle, type BundleInput } from './bundle.ts';

/** A Python that can run train.py; undefined where there is none. */
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import torch, numpy']).status === 0,
);
const environment = { ...process.env, OMP_NUM_THREADS: '1' };
/** Seconds of PyTorch's start and of a few small steps on a busy machine. */
const TIMEOUT_MS = 120_000;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'normlab-'));
  folders.push(folder);
  return folder;
}

/** Unpacks a bundle into a folder of its own. */
function unpacked(input: BundleInput): string {
  const folder = temporaryFolder();
  for (const [name, bytes] of Object.entries(unzipSync(pytorchBundle(input, Date.now())))) {
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

function run(folder: string, ...args: string[]): string {
  return execFileSync(python!, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
    env: environment,
  });
}

/** What torchrun does, whose own launcher does not start in every build: one process per rank that find each other. */
async function runTogether(folder: string, count: number, args: readonly string[]): Promise<string[]> {
  const port = await freePort();
  const start = promisify(execFile);
  const ranks = Array.from({ length: count }, (_, rank) => String(rank));
  const runs = ranks.map((rank) =>
    start(python!, args, {
      cwd: folder,
      // A rank that waits for ever must not outlive its test.
      timeout: TIMEOUT_MS - 10_000,
      env: {
        ...environment,
        RANK: rank,
        LOCAL_RANK: rank,
        WORLD_SIZE: String(count),
        MASTER_ADDR: '127.0.0.1',
        MASTER_PORT: String(port),
      },
    }),
  );
  return (await Promise.all(runs)).map(({ stdout }) => stdout);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A bundle of a run that PyTorch computed in double precision: width 8, batch 8, ten steps. */
function goldenBundle(name: GoldenName): BundleInput {
  const { config } = golden;
  const arm = goldenSettings(name);
  const { norm, optimizer } = arm;
  const { tensors } = decodeSafetensors(readFileSync('src/testing/golden/golden.safetensors'));
  const network = resnet18({ width: config.width, stemPadding: 1, classes: 10 });
  const drawn = fromTorch(
    network,
    'none',
    new Map([...tensors].filter(([key]) => !/^(images|labels)$/.test(key))),
  );
  // Scales of one and shifts of zero beside the weights of the file.
  const weights = {
    ...goldenNorms(norm),
    parameters: new Map([...initialWeights(network, norm, 0), ...drawn.parameters]),
  };
  const settings = config.optimizers[optimizer];
  const experiment: Experiment = {
    ...defaultExperiment(),
    ...arm,
    batchSize: config.batch,
    width: config.width,
    schedule: 'constant',
    maxLearningRate: settings.lr,
    weightDecay: settings.weight_decay,
    momentum: 'momentum' in settings ? settings.momentum : settings.betas[0]!,
  };
  return {
    plan: {
      experiment,
      totalSteps: config.steps,
      stepsPerEpoch: config.steps,
      trainCount: 80,
      validCount: 8,
    },
    dataset: {
      title: 'Golden',
      hash: '',
      classes: 10,
      mean: channels(config.mean),
      deviation: channels(config.std),
    },
    weights: encodeSafetensors(
      toTorch(resnet18({ width: config.width, stemPadding: 1, classes: 10 }), norm, weights),
    ),
    losses: golden.runs[name].losses,
    sample: {
      images: interleaved(tensors.get('images')!),
      labels: Uint8Array.from(tensors.get('labels')!.data as Int32Array),
    },
  };
}

function goldenNorms(norm: Experiment['norm']) {
  const network = resnet18({ width: golden.config.width, stemPadding: 1, classes: 10 });
  const parameters = initialWeights(network, norm, 0);
  const buffers = new Map<string, Float32Array>();
  if (norm === 'bn') {
    for (const [name, values] of parameters) {
      if (!/bn\d|downsample\.1/.test(name)) continue;
      const isScale = name.endsWith('.weight');
      buffers.set(name.replace(/weight|bias/, isScale ? 'running_var' : 'running_mean'), values.slice());
    }
  }
  return { buffers };
}

const channels = (values: readonly number[]) => values as unknown as readonly [number, number, number];

/** `[steps, batch, 3, 32, 32]` to `[N, 32, 32, 3]`. */
function interleaved({ data }: StoredTensor): Uint8Array {
  const planes = data as Uint8Array;
  return planes.map((_, i) => {
    const [image, at] = [Math.floor(i / 3072), i % 3072];
    return planes[image * 3072 + (at % 3) * 1024 + Math.floor(at / 3)]!;
  });
}

/** Twelve records in each file, as they lie on a disk and as NormLab reads them. */
async function cifarFolder(): Promise<{ folder: string; dataset: Dataset }> {
  const files = new Map(CIFAR10_FILES.map((name, index) => [name, records(12, index)]));
  const folder = temporaryFolder();
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  return { folder, dataset: await loadCifarFiles(looseFiles(files), {}) };
}

function cifarBundle(dataset: Dataset, changes: Partial<Experiment> = {}): BundleInput {
  const experiment: Experiment = {
    ...defaultExperiment(),
    width: 8,
    batchSize: 4,
    epochs: 1,
    norm: 'gn',
    ...changes,
  };
  const network = resnet18({ width: 8, stemPadding: experiment.stemPadding, classes: 10 });
  const stepsPerEpoch = Math.floor(dataset.train.count / experiment.batchSize);
  const { mean, deviation, hash, title } = dataset.info;
  const weights = {
    parameters: initialWeights(network, experiment.norm, experiment.seed),
    buffers: new Map(),
  };
  return {
    plan: {
      experiment,
      totalSteps: stepsPerEpoch * experiment.epochs,
      stepsPerEpoch,
      trainCount: dataset.train.count,
      validCount: dataset.valid.count,
    },
    dataset: { title, hash, classes: 10, mean, deviation },
    weights: encodeSafetensors(toTorch(network, experiment.norm, weights), { step: '0' }),
    losses: [],
    sample: { images: dataset.train.images.slice(0, 4 * 3072), labels: dataset.train.labels.slice(0, 4) },
  };
}

describe('the PyTorch bundle', () => {
  it('holds the script, the settings, the weights and the first images', () => {
    const files = unzipSync(pytorchBundle(goldenBundle('bn+ws adamw'), Date.now()));
    expect(Object.keys(files).sort()).toEqual([
      'README.txt',
      'config.json',
      'init.safetensors',
      'sample.safetensors',
      'train.py',
    ]);
    const text = (name: string) => strFromU8(files[name]!);
    expect(text('train.py')).toBe(readFileSync('src/export/pytorch/train.py', 'utf8'));
    expect(JSON.parse(text('config.json'))).toMatchObject({
      norm: 'bn',
      ws: true,
      totalSteps: 10,
      classes: 10,
    });
    expect(text('README.txt')).toContain('BN+WS, width 8, batch 8, adamw, constant, seed 0, on Golden.');
    const { tensors } = decodeSafetensors(files['init.safetensors']!);
    expect(tensors.get('bn1.running_var')!.data).toEqual(new Float32Array(8).fill(1));
    const diverging = pytorchBundle(
      { ...goldenBundle('gn adamw'), losses: [2, 3, Number.NaN, 4] },
      Date.now(),
    );
    expect(JSON.parse(strFromU8(unzipSync(diverging)['config.json']!)).losses).toEqual([2, 3]);
    const { weights, ...rest } = goldenBundle('gn adamw');
    const later = encodeSafetensors(decodeSafetensors(weights).tensors, { step: '1200' });
    const laterFiles = unzipSync(pytorchBundle({ ...rest, weights: later }, Date.now()));
    expect(JSON.parse(strFromU8(laterFiles['config.json']!))).toMatchObject({
      losses: [],
      weightsStep: 1200,
    });
    expect(strFromU8(laterFiles['README.txt']!)).toContain('after 1,200 steps');
    expect(decodeSafetensors(files['sample.safetensors']!).tensors.get('images')!.shape).toEqual([
      80, 32, 32, 3,
    ]);
  });
});

// Needs a Python with PyTorch, such as Debian's python3-torch.
describe.skipIf(python === undefined)('train.py', () => {
  it.each<GoldenName>(['bn+ws adamw', 'gn adamw', 'none sgd', 'gn+ws sgd clip', 'none+sws adamw'])(
    'computes the first ten losses of %s to 1e-3',
    (name) => {
      const output = run(unpacked(goldenBundle(name)), 'train.py', '--check');
      const losses = output
        .split('\n')
        .slice(1, 11)
        .map((line) => Number(line.trim().split(/\s+/)[1]));
      expect(losses.length).toBe(10);
      for (const [step, loss] of losses.entries()) {
        expect(Math.abs(loss / golden.runs[name].losses[step]! - 1), `step ${step}`).toBeLessThan(1e-3);
      }
      expect(output).toMatch(/Largest relative difference: \d\.\de-0[4-9]/);
    },
    TIMEOUT_MS,
  );

  it(
    'reads the files, orders and augments the images and sets rates as the page does',
    async () => {
      const { folder, dataset } = await cifarFolder();
      const { plan } = cifarBundle(dataset, { seed: 4_294_967_295, augmentation: 'crop-flip' });
      const bundle = unpacked(cifarBundle(dataset, plan.experiment));
      const output = run(
        bundle,
        '-c',
        `
import json, sys, torch
from pathlib import Path
import train
config = json.loads(Path('config.json').read_text())
(images, labels), valid, content = train.read_cifar10(Path(sys.argv[1]))
pixels = torch.from_numpy(images[:4].copy())
print(json.dumps({
    'hash': content, 'labels': labels.tolist(), 'first': images[0].transpose(1, 2, 0).reshape(-1).tolist(),
    'orders': [train.epoch_order(config['seed'], epoch, 60, 4).tolist() for epoch in (0, 3)],
    'values': [train.step_values(config, step) for step in range(config['totalSteps'])],
    'augmented': train.augment(pixels, config['seed'], 5, 2).permute(0, 2, 3, 1).reshape(4, -1).tolist(),
}))
`,
        folder,
      );
      const result = JSON.parse(output) as {
        hash: string;
        labels: number[];
        first: number[];
        orders: number[][];
        values: [number, number][];
        augmented: number[][];
      };
      const { seed } = plan.experiment;
      expect(result.hash).toBe(dataset.info.hash);
      expect(result.labels).toEqual([...dataset.train.labels]);
      expect(result.first).toEqual([...dataset.train.images.subarray(0, 3072)]);
      expect(result.orders).toEqual([0, 3].map((epoch) => [...epochOrder(seed, epoch, 60, 4)]));
      const { learningRate, momentum } = scheduleTable(plan.experiment, plan.totalSteps);
      for (const [step, [rate, beta]] of result.values.entries()) {
        expect(rate).toBeCloseTo(learningRate[step]!, 15);
        expect(beta).toBeCloseTo(momentum[step]!, 12);
      }
      for (const [i, pixels] of result.augmented.entries()) {
        const image = dataset.train.images.subarray(i * 3072, (i + 1) * 3072);
        expect(pixels).toEqual([...cropReference(image, augmentOf(seed, 5, 2 + i))]);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'trains on one process and on two, prints the epoch table and writes weights that can be read again',
    async () => {
      const { folder, dataset } = await cifarFolder();
      const bundle = unpacked(cifarBundle(dataset));
      const alone = run(bundle, 'train.py', '--data', folder, '--save', 'model.safetensors');
      const rows = alone.split('\n').filter((line) => !line.includes('step'));
      expect(rows[0]).toBe('epoch  train_loss  valid_loss  accuracy  time');
      expect(rows[1]).toMatch(/^ {4}0 +\d\.\d{6} +\d\.\d{6} +0\.\d{6} +0:\d\d$/);
      const { tensors } = decodeSafetensors(readFileSync(join(bundle, 'model.safetensors')));
      const network = resnet18({ width: 8, stemPadding: 1, classes: 10 });
      expect(fromTorch(network, 'gn', tensors).parameters.size).toBe(62);

      const [together] = await runTogether(bundle, 2, ['train.py', '--data', folder, '--max-steps', '3']);
      const losses = (text: string) =>
        [...text.matchAll(/step \d: loss (\S+)/g)].map((match) => Number(match[1]));
      // GN does not know the batch, so two halves of a batch make the same step.
      const [one, two] = [losses(alone).slice(0, 3), losses(together!)];
      expect(two.length).toBe(3);
      for (const [step, loss] of two.entries()) expect(Math.abs(loss / one[step]! - 1)).toBeLessThan(1e-4);
    },
    TIMEOUT_MS,
  );
});
