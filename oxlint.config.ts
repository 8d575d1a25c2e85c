import { defineConfig } from 'oxlint';

/**
 * The layer rule: what each folder of src/ may import. docs/architecture.md draws it.
 * Arrows go only downward; page and worker meet in lib, domain and protocol.
 */
const may: Record<string, readonly string[]> = {
  lib: [],
  domain: ['lib'],
  gpu: ['lib', 'domain'],
  kernels: ['lib', 'domain', 'gpu'],
  nn: ['lib', 'domain', 'gpu', 'kernels'],
  optim: ['lib', 'domain'],
  data: ['lib', 'domain'],
  engine: ['lib', 'domain', 'gpu', 'kernels', 'nn', 'optim'],
  train: ['lib', 'domain', 'optim', 'engine', 'data'],
  protocol: ['lib', 'domain'],
  worker: ['lib', 'domain', 'gpu', 'engine', 'train', 'data', 'optim', 'protocol'],
  client: ['lib', 'domain', 'protocol'],
  store: ['lib', 'domain'],
  export: ['lib', 'domain', 'store'],
  ui: ['lib', 'domain', 'optim', 'protocol', 'client', 'store', 'export'],
  bench: ['lib', 'domain', 'gpu', 'kernels', 'nn', 'optim', 'data', 'engine', 'train'],
  testing: ['lib', 'domain', 'gpu', 'kernels', 'nn', 'optim', 'data', 'engine', 'train', 'protocol'],
};
const layers = Object.keys(may);

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'react', 'promise'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['dist', 'node_modules', '.cache', '.gpu', 'test-results'],
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/no-explicit-any': 'error',
    'react/rules-of-hooks': 'error',
    'react/exhaustive-deps': 'error',
    'react/no-danger': 'error',
    'react/react-in-jsx-scope': 'off',
    // Steps of a training loop and of a stream are sequential on purpose.
    'no-await-in-loop': 'off',
    'import/no-unassigned-import': 'off',
    'unicorn/no-array-sort': 'off',
    'no-shadow': 'off',
    'no-eval': 'error',
  },
  overrides: [
    ...layers.map((layer) => ({
      files: [`src/${layer}/**`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: `^#(${layers.filter((other) => other !== layer && !may[layer]!.includes(other)).join('|')})/`,
                message: `${layer}/ may import: ${may[layer]!.join(', ') || 'nothing'}`,
              },
              // One module alone knows tfjs and its private state.
              ...(layer === 'gpu' || layer === 'testing' || layer === 'bench'
                ? []
                : [{ regex: '^@tensorflow/', message: 'import tfjs through #gpu/tf.ts' }]),
            ],
          },
        ] as const,
      },
    })),
    {
      files: ['**/*.test.ts', '**/*.test.tsx', '**/*.bench.ts'],
      rules: { 'no-restricted-imports': 'off' },
    },
  ],
});
