/** Normalization after every convolution. */
export type Norm = 'none' | 'bn' | 'gn';
export const NORMS = ['none', 'bn', 'gn'] as const satisfies readonly Norm[];
export type OptimizerName = 'adamw' | 'sgd';
export type ScheduleName = 'one-cycle' | 'constant';
/** Deviation of standardized filters: one, or gamma / sqrt(fan-in) as in Scaled WS. */
export type WsGain = 'unit' | 'scaled';
export type Augmentation = 'none' | 'crop-flip';

/** Everything that decides what a training run computes, apart from the data set itself. */
export interface Experiment {
  readonly norm: Norm;
  /** Weight Standardization of every convolution filter. */
  readonly ws: boolean;
  readonly batchSize: number;
  /** Channels of the first stage; 64 is the real ResNet-18. */
  readonly width: number;
  readonly stemPadding: number;
  readonly optimizer: OptimizerName;
  readonly schedule: ScheduleName;
  readonly maxLearningRate: number;
  readonly weightDecay: number;
  /** SGD's momentum, or AdamW's first beta, where the schedule does not cycle it. */
  readonly momentum: number;
  readonly epochs: number;
  readonly seed: number;
  readonly augmentation: Augmentation;
  /** Training images used, from the start of the set; 0 means all. */
  readonly trainLimit: number;
  /** Validation images used; 0 means all. */
  readonly validLimit: number;
  /** Largest L2 norm of all gradients together that a step uses as it is; absent: any. */
  readonly gradientClip?: number;
  /** With Weight Standardization alone; absent: 'unit'. */
  readonly wsGain?: WsGain;
}

/** Whether a step clips its gradients, which takes its time whatever the largest norm. */
export function isClipped({ gradientClip = 0 }: Pick<Experiment, 'gradientClip'>): boolean {
  return gradientClip > 0;
}

/** What normalizes: activations, and filters. */
export type ArmSettings = Pick<Experiment, 'norm' | 'ws' | 'wsGain'>;

/** 'BN+WS', 'GN', 'None+Scaled WS' ... */
export function armName({ norm, ws, wsGain }: ArmSettings): string {
  const name = { none: 'None', bn: 'BN', gn: 'GN' }[norm];
  if (!ws) return name;
  return wsGain === 'scaled' ? `${name}+Scaled WS` : `${name}+WS`;
}
