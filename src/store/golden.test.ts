import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sampleHeader, sampleRun, sampleSteps } from '#testing/keptRuns.ts';
import { MemoryFiles } from '#testing/memoryFiles.ts';
import { checkpointParts, readCheckpoint } from './checkpointFile.ts';
import { frame } from './frames.ts';
import { eventFrame, headerEvent, readLog } from './runEvents.ts';
import { RunStore } from './runStore.ts';
import type { Upgrade } from './upgrades.ts';

/** Files of a run, as the first version that wrote them did; base64. They are read for as long as there are runs. */
function golden(version: number): Map<string, Uint8Array<ArrayBuffer>> {
  const text = readFileSync(new URL(`./fixtures/version${version}.json`, import.meta.url), 'utf8');
  const files = JSON.parse(text) as Record<string, string>;
  return new Map(
    Object.entries(files).map(([name, base64]) => [name, Uint8Array.from(Buffer.from(base64, 'base64'))]),
  );
}

const RUN_ID = 'run-a';

function storeOf(content: Map<string, Uint8Array<ArrayBuffer>>): { files: MemoryFiles; store: RunStore } {
  const files = new MemoryFiles();
  files.content.set(`run-${RUN_ID}`, content);
  return { files, store: new RunStore(files) };
}

test('runs of version 1 are read', async () => {
  const { store } = storeOf(golden(1));
  expect(await store.problems()).toEqual([]);
  expect(await store.list()).toMatchObject([
    {
      header: { runId: RUN_ID, number: 1, experiment: { norm: 'bn', batchSize: 64, maxLearningRate: 5e-4 } },
      notes: { name: 'A <b>name</b>', tags: ['tag'], note: 'Line\nline' },
      status: 'diverged',
      plan: { totalSteps: 40, initialWeightsHash: '0123abcd' },
      epochs: [
        { step: 20, standardError: 0.01, accuracy: 0.2 },
        { step: 40, validLoss: Number.NaN },
      ],
      divergence: { step: 39, loss: Number.POSITIVE_INFINITY, reason: 'not-finite' },
      layers: { steps: [8, 16], gradientNorm: Float32Array.of(0.1, 2, 3, 4) },
      stepCount: 4,
    },
  ]);
  expect(await store.steps(RUN_ID)).toEqual(sampleSteps(0, 4, Number.NaN));
  const checkpoint = await store.checkpoints.newest(RUN_ID);
  expect(checkpoint).toMatchObject({ step: 3, device: 'Some GPU', elapsedMs: 31.5, epochStartedMs: 0.25 });
  expect(checkpoint?.buffers.get('bn1.running_mean')).toEqual(
    Float32Array.of(-0, Number.NaN, Number.NEGATIVE_INFINITY, 1e-45, 3.4e38),
  );
});

// Whoever changes what is written has to raise the version and write an upgrade: this says so.
test('what is written today is version 1, byte for byte', async () => {
  const content = golden(1);
  const { store } = storeOf(content);
  const [run] = await store.list();
  const { files: target, store: copy } = storeOf(new Map());
  await copy.import(run!, await store.steps(RUN_ID));
  const written = target.content.get(`run-${RUN_ID}`)!;
  for (const name of ['events.log', 'steps.log', 'notes-1.json']) {
    expect(written.get(name), name).toEqual(content.get(name));
  }
  const bytes = content.get('checkpoint-0000000003-1.bin')!;
  const reading = await readCheckpoint(new Blob([bytes]));
  if (reading.kind !== 'checkpoint') throw new Error(reading.kind);
  const parts = await checkpointParts(reading.checkpoint);
  expect(Uint8Array.from(parts.flatMap((part) => [...part]))).toEqual(bytes);
});

test('a run of a newer version is refused in words, left as it is, and neither listed nor written to', async () => {
  const newer = frame({ type: 'header', version: 2, header: 'of a kind that nobody knows yet' });
  const { files, store } = storeOf(new Map([['events.log', newer]]));
  expect(await store.list()).toEqual([]);
  expect(await store.problems()).toEqual([
    {
      runId: RUN_ID,
      sentence:
        'A saved run cannot be read: it was saved by a newer NormLab (format 2; this one reads up to 1). It is left as it is.',
    },
  ]);
  await expect(store.reopen(RUN_ID, 0)).rejects.toThrow(/newer NormLab/);
  expect(await store.import(sampleRun(), sampleSteps(0, 1))).toBe('skipped');
  expect(files.content.get(`run-${RUN_ID}`)).toEqual(new Map([['events.log', newer]]));
});

test('a run that a newer version went on with is refused too', () => {
  const log = [eventFrame(headerEvent(sampleHeader())), frame({ type: 'reopened', version: 2, step: 4 })];
  expect(readLog(Uint8Array.from(log.flatMap((bytes) => [...bytes])))).toMatchObject({ kind: 'refused' });
});

test('an unknown normalization is refused by its name', async () => {
  const header = sampleHeader();
  const log = frame({
    ...headerEvent(header),
    header: { ...header, experiment: { ...header.experiment, norm: 'layer' } },
  });
  const { store } = storeOf(new Map([['events.log', log]]));
  expect((await store.problems())[0]?.sentence).toBe(
    'A saved run cannot be read: it uses the normalization “layer”, which this version of NormLab does not know. It is left as it is.',
  );
});

test('each record is upgraded from the version of its part of the log, one version at a time', () => {
  const upgrades: readonly Upgrade[] = [
    ({ was, ...rest }) => (was === undefined ? rest : { ...rest, status: was }),
    (record) => (record['status'] === 'done' ? { ...record, status: 'finished' } : record),
  ];
  const log = [
    { ...headerEvent(sampleHeader()), version: 1 },
    { type: 'status', was: 'done' },
    { type: 'reopened', version: 2, step: 4 },
    { type: 'status', status: 'done' },
    { type: 'reopened', version: 3, step: 9 },
    { type: 'status', status: 'stopped' },
  ];
  const reading = readLog(Uint8Array.from(log.flatMap((record) => [...frame(record)])), upgrades);
  expect(reading.kind === 'run' && reading.events.filter(({ type }) => type === 'status')).toMatchObject([
    { status: 'finished' },
    { status: 'finished' },
    { status: 'stopped' },
  ]);
});
