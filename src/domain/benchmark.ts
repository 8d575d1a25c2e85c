import type { Experiment } from './experiment.ts';

/** What is compared: a normalization, with or without Weight Standardization. */
export type BenchmarkArm = Pick<Experiment, 'norm' | 'ws'>;

export type BenchmarkSystem = 'NormLab' | 'stock tfjs';

/** A measurement of training steps: real ResNet-18s on a fixed batch, with AdamW. */
export interface BenchmarkOptions {
  readonly width: number;
  readonly batch: number;
  /** Of NormLab. */
  readonly arms: readonly BenchmarkArm[];
  /** The same network and numbers in stock TensorFlow.js; empty leaves it out. */
  readonly stockArms: readonly BenchmarkArm[];
}

export interface BenchmarkRow extends BenchmarkArm {
  readonly system: BenchmarkSystem;
  /** Median time of a step until its loss is known, milliseconds. */
  readonly ms: number;
  /** Median time per step where several are submitted at once, as training does; absent where one takes long. */
  readonly streamMs?: number;
  /** By `streamMs`, where there is one; the speed of training. */
  readonly imagesPerSecond: number;
  /** Thousand millions of floating-point operations per second, likewise. */
  readonly gflops: number;
  /** JavaScript time to issue a step, milliseconds. */
  readonly issueMs: number;
  /** From nothing to the first loss: allocation, compilation, upload, step. Milliseconds. */
  readonly firstStepMs: number;
  readonly dispatches: number;
  readonly submits: number;
  /** Of GPU memory, held while training; absent where the system does not tell. */
  readonly gpuBytes?: number;
  /** Steps that the median was taken over. */
  readonly stepCount: number;
  /** Time of a step over that of the twin without WS; only of rows with WS whose twin was measured. */
  readonly overPlain?: number;
}

export interface BenchmarkProgress {
  readonly system: BenchmarkSystem;
  readonly stage: 'measuring tiles' | 'first step' | 'timing';
  /** One arm, or all of them when they are timed in turn. */
  readonly arms: readonly BenchmarkArm[];
  readonly done: number;
  readonly total: number;
}

export interface BenchmarkReport {
  readonly adapter: string;
  readonly width: number;
  readonly batch: number;
  readonly rows: readonly BenchmarkRow[];
  /** What the choice of tiles and tunings took, which no first step counts; absent where nothing was chosen. Milliseconds. */
  readonly tuningMs?: number;
}

/** How many times as fast as stock tfjs's the row's step is; undefined where that was not measured. */
export function stockRatio(row: BenchmarkRow, rows: readonly BenchmarkRow[]): number | undefined {
  if (row.system !== 'NormLab') return undefined;
  const stock = rows.find(
    ({ system, norm, ws }) => system === 'stock tfjs' && norm === row.norm && ws === row.ws,
  );
  return stock && stock.ms / row.ms;
}

/** The row of the same system and normalization without Weight Standardization; undefined for one without it. */
export function plainTwin<Row extends BenchmarkRow>(row: Row, rows: readonly Row[]): Row | undefined {
  return row.ws
    ? rows.find(({ system, norm, ws }) => system === row.system && norm === row.norm && !ws)
    : undefined;
}
