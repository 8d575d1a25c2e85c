import { CIFAR100_NAMES } from './cifar100Names.ts';

/** One published form of a CIFAR set: which files, which records. */
export interface CifarFormat {
  readonly id: 'cifar10' | 'cifar100';
  readonly title: string;
  /** How a file stores its records. */
  readonly encoding: 'binary' | 'pickle';
  readonly classNames: readonly string[];
  /** Label bytes before the 3072 pixel bytes of a record; the last one is the label used. */
  readonly labelBytes: number;
  readonly trainFiles: readonly string[];
  readonly validFile: string;
  /** Records of each official file; none may hold more. */
  readonly recordsPerTrainFile: number;
  readonly recordsPerValidFile: number;
  /** Per channel, as fastai and the notebook have it; undefined: computed from the training half. */
  readonly statistics?: {
    readonly mean: readonly [number, number, number];
    readonly deviation: readonly [number, number, number];
  };
  readonly officialArchive: string;
}

/** SPEC 2.1: `cifar_stats` of fastai. */
const CIFAR10_STATISTICS = { mean: [0.491, 0.482, 0.447], deviation: [0.247, 0.243, 0.261] } as const;

export const CIFAR10: CifarFormat = {
  id: 'cifar10',
  title: 'CIFAR-10',
  encoding: 'binary',
  classNames: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  labelBytes: 1,
  trainFiles: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
  validFile: 'test_batch.bin',
  recordsPerTrainFile: 10_000,
  recordsPerValidFile: 10_000,
  statistics: CIFAR10_STATISTICS,
  officialArchive: 'cifar-10-binary.tar.gz',
};

/** Two label bytes, coarse then fine; the fine one is the class. */
export const CIFAR100: CifarFormat = {
  id: 'cifar100',
  title: 'CIFAR-100',
  encoding: 'binary',
  classNames: CIFAR100_NAMES,
  labelBytes: 2,
  trainFiles: ['train.bin'],
  validFile: 'test.bin',
  recordsPerTrainFile: 50_000,
  recordsPerValidFile: 10_000,
  officialArchive: 'cifar-100-binary.tar.gz',
};

/** The same images as `CIFAR10`, each file a pickle. */
export const CIFAR10_PYTHON: CifarFormat = {
  ...CIFAR10,
  encoding: 'pickle',
  trainFiles: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}`),
  validFile: 'test_batch',
  officialArchive: 'cifar-10-python.tar.gz',
};
