import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { BenchmarkOptions, BenchmarkProgress } from '#domain/benchmark.ts';
import type { RequestMessage } from '#protocol/messages.ts';
import { GpuMeasurement } from './gpuMeasurement.ts';
import type { MeasurementState } from './gpuMeasurement.ts';
import { WorkerLink } from './workerLink.ts';

const options: BenchmarkOptions = {
  width: 8,
  batch: 2,
  arms: [{ norm: 'bn', ws: false }],
  stockArms: [{ norm: 'bn', ws: false }],
};
const progress: BenchmarkProgress = {
  system: 'NormLab',
  stage: 'timing',
  arms: options.arms,
  done: 3,
  total: 20,
};
const report = { adapter: 'Test GPU', width: 8, batch: 2, rows: [] };

describe('GpuMeasurement', () => {
  let sent: RequestMessage[];
  let post: (data: unknown) => void;
  let link: WorkerLink;
  let measurement: GpuMeasurement;
  const changed = vi.fn<(state: MeasurementState) => void>();

  beforeEach(() => {
    changed.mockClear();
    sent = [];
    link = new WorkerLink(
      {
        postMessage: (message) => void sent.push(message),
        listen: ({ message }) => {
          post = message;
        },
        terminate: () => undefined,
      },
      { event: () => undefined, lost: () => undefined },
    );
    measurement = new GpuMeasurement(changed, () => link);
  });

  const answer = (outcome: { ok: true; body: unknown } | { ok: false; error: unknown }): void =>
    post({ type: 'response', id: sent[0]!.id, ...outcome });

  it('shows how far it is and ends with a dated report', async () => {
    const done = measurement.start(options);
    expect(measurement.state.going).toEqual({ options, progress: undefined, skipped: undefined });
    measurement.progress({ type: 'benchmark-progress', ...progress });
    expect(measurement.state.going?.progress).toEqual(progress);
    answer({ ok: true, body: report });
    await done;
    expect(measurement.state).toEqual({
      going: undefined,
      error: undefined,
      report: { ...report, finishedAt: expect.any(Date) as Date },
      reports: [{ ...report, finishedAt: expect.any(Date) as Date }],
    });
    expect(changed).toHaveBeenLastCalledWith(measurement.state);
  });

  it('measures one thing at a time', async () => {
    void measurement.start(options);
    await measurement.start(options);
    expect(sent).toHaveLength(1);
  });

  it('cancels without an error', async () => {
    const done = measurement.start(options);
    measurement.skip('all');
    expect(measurement.state.going?.skipped).toBe('all');
    expect(sent[1]).toMatchObject({ name: 'skipBenchmark', body: { part: 'all' } });
    answer({ ok: false, error: { name: 'AbortError', sentence: 'signal is aborted without reason' } });
    await done;
    expect(measurement.state).toEqual({
      going: undefined,
      report: undefined,
      reports: [],
      error: undefined,
    });
  });

  it('measures one thing after another, until it is cancelled', async () => {
    const all = measurement.startAll([options, { ...options, batch: 64 }, { ...options, batch: 256 }]);
    answer({ ok: true, body: report });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toMatchObject({ name: 'benchmark', body: { batch: 64 } });
    post({
      type: 'response',
      id: sent[1]!.id,
      ok: false,
      error: { name: 'AbortError', sentence: 'signal is aborted without reason' },
    });
    await all;
    expect(sent).toHaveLength(2);
    expect(measurement.state).toMatchObject({ going: undefined, error: undefined });
  });

  it('says why it was refused', async () => {
    const done = measurement.start(options);
    answer({ ok: false, error: { name: 'RequestError', sentence: 'A run is going on.' } });
    await done;
    expect(measurement.state.error).toBe('A run is going on.');
  });

  it('ends with its worker', async () => {
    const done = measurement.start(options);
    link.close();
    await done;
    expect(measurement.state).toEqual({
      going: undefined,
      report: undefined,
      reports: [],
      error: undefined,
    });
    measurement.skip('all');
    expect(sent).toHaveLength(1);
  });
});
