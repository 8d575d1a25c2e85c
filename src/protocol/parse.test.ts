import { describe, expect, test } from 'vitest';
import type { RunStart } from '#domain/keptRun.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import type { StepChunk } from '#domain/run.ts';
import type { RequestMessage, WorkerEvent, WorkerMessage } from './messages.ts';
import { parseRequest, parseResponse, parseWorkerMessage, ProtocolError, requestId } from './parse.ts';

const experiment = defaultExperiment();
const settings = { start: 1e-7, end: 10, steps: 100 };
const start: RunStart = {
  runId: 'a',
  number: 1,
  experiment,
  origin: {
    studyId: 's',
    studyTitle: 'Does WS help?',
    arm: 1,
    mode: 'race',
    question: { id: 'P1', size: 'quick' },
  },
};
const single: RunStart = { ...start, origin: undefined };

const requests: readonly RequestMessage[] = [
  { type: 'request', id: 0, name: 'start', body: {} },
  { type: 'request', id: 1, name: 'loadDataset', body: { source: { kind: 'built-in', seed: 7 } } },
  {
    type: 'request',
    id: 2,
    name: 'loadDataset',
    body: { source: { kind: 'files', files: [new File(['x'], 'cifar-10-binary.tar.gz')] } },
  },
  {
    type: 'request',
    id: 3,
    name: 'sampleImages',
    body: { half: 'valid', offset: 4, count: 20, label: undefined },
  },
  { type: 'request', id: 4, name: 'train', body: { start: single, forkOf: undefined } },
  { type: 'request', id: 4, name: 'train', body: { start, forkOf: { runId: 'b', step: 7, number: 3 } } },
  { type: 'request', id: 4, name: 'race', body: { starts: [start, start] } },
  { type: 'request', id: 4, name: 'resumeRace', body: { runIds: ['train-1', 'train-2'] } },
  { type: 'request', id: 4, name: 'resumeKept', body: { runId: 'a' } },
  { type: 'request', id: 4, name: 'resumeKept', body: { runId: 'a', takeOver: true } },
  {
    type: 'request',
    id: 4,
    name: 'train',
    body: { start, forkOf: undefined, initialWeights: Uint8Array.of(1), stopAfter: 20 },
  },
  { type: 'request', id: 4, name: 'resumeKept', body: { runId: 'a', stopAfter: 1 } },
  { type: 'request', id: 4, name: 'checkpoint', body: { runId: 'a' } },
  { type: 'request', id: 4, name: 'importCheckpoint', body: { runId: 'a', bytes: Uint8Array.of(1, 2) } },
  { type: 'request', id: 4, name: 'saveState', body: { runId: 'a' } },
  { type: 'request', id: 4, name: 'keptRuns', body: {} },
  { type: 'request', id: 4, name: 'keptSteps', body: { runId: 'a' } },
  {
    type: 'request',
    id: 4,
    name: 'describeRun',
    body: { runId: 'a', notes: { name: 'mine', tags: ['x'], note: '' } },
  },
  { type: 'request', id: 4, name: 'removeRun', body: { runId: 'a' } },
  { type: 'request', id: 4, name: 'checkpointSteps', body: { runId: 'a' } },
  { type: 'request', id: 4, name: 'weights', body: { runId: 'a', which: 'last' } },
  { type: 'request', id: 5, name: 'findLearningRate', body: { start, settings } },
  { type: 'request', id: 6, name: 'pause', body: { runId: 'a' } },
  { type: 'request', id: 7, name: 'resume', body: { runId: 'a' } },
  { type: 'request', id: 8, name: 'stop', body: { runId: 'a' } },
  { type: 'request', id: 9, name: 'memory', body: {} },
  {
    type: 'request',
    id: 10,
    name: 'loadDataset',
    body: {
      source: {
        kind: 'images',
        title: 'pets',
        files: [{ path: 'cat/1.png', file: new File(['x'], '1.png') }],
      },
    },
  },
  { type: 'request', id: 11, name: 'loadDataset', body: { source: { kind: 'download' } } },
  {
    type: 'request',
    id: 12,
    name: 'loadDataset',
    body: { source: { kind: 'stored', hash: 'a'.repeat(64) } },
  },
  {
    type: 'request',
    id: 18,
    name: 'benchmark',
    body: {
      width: 8,
      batch: 2,
      arms: [
        { norm: 'bn', ws: false },
        { norm: 'bn', ws: true },
      ],
      stockArms: [],
    },
  },
  { type: 'request', id: 19, name: 'skipBenchmark', body: { part: 'stock' } },
  { type: 'request', id: 13, name: 'cancelLoading', body: {} },
  { type: 'request', id: 14, name: 'keptData', body: {} },
  { type: 'request', id: 15, name: 'removeData', body: { hash: '0'.repeat(64) } },
  { type: 'request', id: 16, name: 'datasetStatistics', body: {} },
  { type: 'request', id: 18, name: 'discardDownload', body: {} },
  { type: 'request', id: 17, name: 'augmentedImages', body: { seed: 1, offset: 0, count: 8, variants: 3 } },
];

function chunk(length: number): StepChunk {
  const values = (): Float32Array => new Float32Array(length).fill(1);
  return {
    firstStep: 3,
    losses: values(),
    smoothed: values(),
    learningRates: values(),
    momenta: values(),
    elapsedMs: values(),
  };
}

const events: readonly WorkerEvent[] = [
  { type: 'dataset-progress', stage: 'Reading', done: 3, total: 10 },
  {
    type: 'dataset-progress',
    stage: 'Downloading',
    done: 3,
    total: 10,
    bytesPerSecond: 2.5,
    remainingMs: 2800,
  },
  { type: 'run-status', runId: 'a', status: 'running' },
  { type: 'run-status', runId: 'a', status: 'failed', detail: 'Out of memory.' },
  { type: 'run-status', runId: 'a', status: 'stopped', detail: 'Reached 9 images.', endedBy: 'rule' },
  {
    type: 'run-plan',
    runId: 'a',
    plan: {
      experiment,
      totalSteps: 9,
      stepsPerEpoch: 3,
      trainCount: 200,
      validCount: 100,
      initialWeightsHash: '01234567',
      orderHash: '89abcdef',
    },
  },
  { type: 'steps', runId: 'a', chunk: chunk(4) },
  {
    type: 'epoch',
    runId: 'a',
    row: { epoch: 0, step: 3, trainLoss: 2, validLoss: Number.NaN, accuracy: 0.1, milliseconds: 9 },
  },
  { type: 'validating', runId: 'a', done: 0, total: 100 },
  { type: 'preparing', runId: 'a', stage: 'measuring tiles', done: 1, total: 9 },
  { type: 'preparing', runId: 'a', stage: 'compiling kernels', done: 12, total: 40 },
  {
    type: 'diverged',
    runId: 'a',
    divergence: { step: 7, loss: Number.NaN, learningRate: 0.1, reason: 'not-finite' },
  },
  {
    type: 'diverged',
    runId: 'a',
    divergence: { step: 7, loss: Number.POSITIVE_INFINITY, learningRate: 0.1, reason: 'not-finite' },
  },
  {
    type: 'epoch',
    runId: 'a',
    row: {
      epoch: 1,
      step: 6,
      trainLoss: 2,
      validLoss: 2,
      standardError: 0.1,
      accuracy: 0.1,
      milliseconds: 9,
    },
  },
  {
    type: 'layers',
    runId: 'a',
    history: {
      steps: [0, 5],
      layers: ['conv1'],
      gradientNorm: Float32Array.of(1, 2),
      relativeUpdate: Float32Array.of(1, 2),
      largestActivation: Float32Array.of(1, 2),
      smallestDeviation: Float32Array.of(Number.NaN, 2),
    },
  },
  {
    type: 'paired-validation',
    epoch: 0,
    baselineRunId: 'a',
    runId: 'b',
    mean: -0.1,
    standardError: Number.NaN,
  },
  { type: 'continues', runId: 'a', step: 20 },
  { type: 'checkpoint', runId: 'a', step: 20 },
  { type: 'not-kept', runId: 'a', message: 'Storage is full.' },
  {
    type: 'finder-done',
    runId: 'b',
    result: {
      stoppedAt: 88,
      reason: 'loss-exploded',
      suggestions: [
        { rule: 'valley', learningRate: 1e-3, index: 40 },
        { rule: 'slide', learningRate: undefined, index: undefined, note: 'Not enough points.' },
      ],
      disagree: false,
    },
  },
  {
    type: 'benchmark-progress',
    system: 'stock tfjs',
    stage: 'timing',
    arms: [{ norm: 'bn', ws: false }],
    done: 1,
    total: 2,
  },
  { type: 'device-lost', message: 'The GPU was lost.' },
];

describe('parseRequest', () => {
  test.each(requests.map((request) => [request.name, request] as const))('accepts %s', (_, request) => {
    expect(parseRequest(structuredCloneWithFiles(request))).toEqual(request);
  });

  const bad: readonly (readonly [string, unknown, string])[] = [
    ['nothing', undefined, 'request: '],
    ['a string', 'train', 'request: '],
    [
      'an unknown request',
      { type: 'request', id: 1, name: 'format', body: {} },
      'there is no request “format”',
    ],
    [
      'a name of Object',
      { type: 'request', id: 1, name: 'toString', body: {} },
      'there is no request “toString”',
    ],
    ['a negative id', { type: 'request', id: -1, name: 'start', body: {} }, 'id: '],
    ['a missing run', { type: 'request', id: 1, name: 'pause', body: {} }, 'runId'],
    [
      'an unknown field',
      { type: 'request', id: 1, name: 'stop', body: { runId: 'a', force: true } },
      'force',
    ],
    [
      'no files',
      { type: 'request', id: 1, name: 'loadDataset', body: { source: { kind: 'files', files: [] } } },
      'source.files',
    ],
    [
      'what is no file',
      {
        type: 'request',
        id: 1,
        name: 'loadDataset',
        body: { source: { kind: 'files', files: ['/etc/passwd'] } },
      },
      'source.files.0',
    ],
    [
      'a batch size out of range',
      {
        type: 'request',
        id: 1,
        name: 'train',
        body: { start: { ...start, experiment: { ...experiment, batchSize: 4096 } }, forkOf: undefined },
      },
      'Batch size must be a whole number from 1 to 512.',
    ],
    [
      'a setting that does not exist',
      {
        type: 'request',
        id: 1,
        name: 'train',
        body: { start: { ...start, experiment: { ...experiment, dropout: 1 } }, forkOf: undefined },
      },
      '“dropout” is not a setting.',
    ],
    [
      'a race of one',
      { type: 'request', id: 1, name: 'race', body: { starts: [start] } },
      'A race needs at least 2 runs.',
    ],
    [
      'a race of seven',
      { type: 'request', id: 1, name: 'race', body: { starts: Array.from({ length: 7 }, () => start) } },
      'A race has at most 6 runs.',
    ],
    ...[
      { ...settings, steps: 1 },
      { ...settings, start: 0 },
      { ...settings, end: Number.POSITIVE_INFINITY },
      { ...settings, start: 20 },
    ].map(
      (bad, i) =>
        [
          `finder settings ${i}`,
          {
            type: 'request',
            id: 1,
            name: 'findLearningRate',
            body: { start, settings: bad },
          },
          'settings',
        ] as const,
    ),
  ];

  test.each(bad)('refuses %s', (_, message, reason) => {
    expect(() => parseRequest(message)).toThrow(ProtocolError);
    expect(() => parseRequest(message)).toThrow(reason);
  });

  test('finds the id of a refused request, so that it can be answered', () => {
    expect(requestId({ type: 'request', id: 12, name: 'format' })).toBe(12);
    expect(requestId({ type: 'response', id: 12 })).toBeUndefined();
    expect(requestId(undefined)).toBeUndefined();
  });
});

describe('parseWorkerMessage', () => {
  test.each(events.map((event, i) => [`${event.type} (${i})`, event] as const))(
    'accepts event %s',
    (_, event) => {
      const message: WorkerMessage = { type: 'event', event };
      expect(parseWorkerMessage(structuredClone(message))).toEqual(message);
    },
  );

  test('accepts both kinds of response', () => {
    const good: WorkerMessage = { type: 'response', id: 3, ok: true, body: { status: 'finished' } };
    const failed: WorkerMessage = {
      type: 'response',
      id: 4,
      ok: false,
      error: { name: 'SetupError', sentence: 'Too large.', detail: 'stack' },
    };
    expect(parseWorkerMessage(good)).toEqual(good);
    expect(parseWorkerMessage(failed)).toEqual(failed);
  });

  test.each<[string, unknown]>([
    ['nothing', null],
    ['an unknown event', { type: 'event', event: { type: 'epoc', runId: 'a' } }],
    ['an unknown status', { type: 'event', event: { type: 'run-status', runId: 'a', status: 'done' } }],
    ['a failed response without an error', { type: 'response', id: 1, ok: false }],
    [
      'arrays of different length',
      {
        type: 'event',
        event: { type: 'steps', runId: 'a', chunk: { ...chunk(4), losses: new Float32Array(3) } },
      },
    ],
    [
      'doubles in place of floats',
      {
        type: 'event',
        event: { type: 'steps', runId: 'a', chunk: { ...chunk(4), losses: new Float64Array(4) } },
      },
    ],
  ])('refuses %s', (_, message) => {
    expect(() => parseWorkerMessage(message)).toThrow(ProtocolError);
  });
});

describe('parseResponse', () => {
  test('narrows the body by the name of the request', () => {
    expect(parseResponse('train', { status: 'stopped' }).status).toBe('stopped');
    expect(parseResponse('pause', {})).toEqual({});
    const device = {
      backend: 'webgpu',
      title: 'SwiftShader',
      vendor: 'google',
      architecture: 'swiftshader',
      isFallback: true,
      features: ['subgroups'],
      maxBufferBytes: 2 ** 31,
    };
    expect(parseResponse('start', device)).toEqual(device);
    const images = { width: 32, height: 32, pixels: new Uint8ClampedArray(4096), labels: [3] };
    expect(parseResponse('sampleImages', images)).toEqual(images);
  });

  test('refuses the body of another request', () => {
    expect(() => parseResponse('train', { gpuBytes: 1, objects: 2 })).toThrow('response to train: status');
    expect(() => parseResponse('memory', { gpuBytes: -1, objects: 2 })).toThrow(ProtocolError);
  });
});

/** Node's `structuredClone` cannot clone a File; a browser's can. Everything else crosses as it would there. */
function structuredCloneWithFiles(message: RequestMessage): unknown {
  return message.name === 'loadDataset' ? message : structuredClone(message);
}
