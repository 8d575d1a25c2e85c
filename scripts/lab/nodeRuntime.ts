import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { LabControl, LabHost } from '#lab/messages.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';
import { NodeFiles } from './nodeFiles.ts';
import { writeOutput } from './outputFolder.ts';
import type { Runtime, RuntimeOptions } from './runtime.ts';
import { UsageError } from './usageError.ts';

/** What `src/lab/node.ts` exports; its own types are those of a worker, which this program is not. */
interface NodeLab {
  readonly nodeLab: (
    host: LabHost,
    parts: {
      readonly store: StoreFiles;
      readonly tuning: { read(): Promise<string>; write(text: string): Promise<void> };
    },
  ) => LabControl;
}

const MODULE = '/src/lab/node.ts';
const cache = resolve(import.meta.dirname, '../../.cache/lab');
/** Tile choices of adapters, which decide a run's bits. */
const TUNING = 'node-tuning.json';

/** The worker's own code in this process, over Dawn and whatever Vulkan, Metal or D3D driver there is. */
export async function openNodeRuntime({ inputs, out, onEvent }: RuntimeOptions): Promise<Runtime> {
  await provideGpu();
  const folder = await mkdtemp(join(tmpdir(), 'normlab-'));
  const host: LabHost = {
    async read(name) {
      const path = inputs.get(name);
      if (path === undefined) throw new Error(`There is no input ${name}.`);
      return new File([await readFile(path)], basename(path));
    },
    async write(name, content) {
      writeOutput(out, name, content);
    },
    emit: onEvent,
  };
  // A variable, so that the types of a worker stay out of this program.
  const module = MODULE;
  const { nodeLab } = (await import(/* @vite-ignore */ module)) as NodeLab;
  const lab = nodeLab(host, {
    store: new NodeFiles(folder),
    tuning: {
      read: () => readFile(join(cache, TUNING), 'utf8'),
      write: async (text) => writeOutput(cache, TUNING, text),
    },
  });
  return {
    open: (data) => lab.open(data),
    run: (job) => lab.run(job),
    stop: () => lab.stop(),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * `navigator.gpu` and the interfaces beside it, as a page has them.
 * @throws {UsageError} when there is no adapter.
 */
async function provideGpu(): Promise<void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  if (!(await gpu.requestAdapter())) {
    throw new UsageError(
      '--runtime node: there is no graphics driver (Vulkan, Metal or Direct3D 12) here; the browser brings its own',
    );
  }
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
}
