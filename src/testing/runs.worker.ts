import { openOpfsFiles } from '#lib/files/opfsFiles.ts';
import { RunStore } from '#store/runStore.ts';
import { sampleCheckpoint, sampleHeader, sampleRun, sampleSteps } from './keptRuns.ts';

/** Runs the store where it runs in the app; one request, one answer. */
export type RunsRequest =
  /** Begins a run, writes `steps` of it, and goes on writing until the worker is ended. */
  | { readonly action: 'write'; readonly runId: string; readonly steps: number }
  /** Writes `steps` more after the `from` first, and ends the run. */
  | { readonly action: 'go on'; readonly runId: string; readonly from: number; readonly steps: number }
  | { readonly action: 'fill'; readonly count: number; readonly steps: number }
  | { readonly action: 'list' }
  | { readonly action: 'steps'; readonly runId: string }
  | { readonly action: 'clear' };

async function answer(request: RunsRequest): Promise<unknown> {
  const files = await openOpfsFiles('normlab-runs-test');
  if (!files) throw new Error('This browser has no private file system.');
  const store = new RunStore(files);
  const failures: string[] = [];
  switch (request.action) {
    case 'write': {
      const { runId, steps } = request;
      const log = await store.create(sampleHeader({ runId }), (sentence) => failures.push(sentence));
      log.status('running');
      log.steps(sampleSteps(0, steps));
      await store.checkpoints.save(sampleCheckpoint(steps, runId));
      let step = steps;
      setInterval(() => {
        log.steps(sampleSteps(step++, 1));
        void log.flush();
      }, 1);
      return failures;
    }
    case 'go on': {
      const { runId, from, steps } = request;
      const log = (await store.reopen(runId, from))((sentence) => failures.push(sentence));
      log.steps(sampleSteps(from, steps));
      log.status('finished');
      await store.describe(runId, { name: 'Went on', tags: [], note: '' });
      await log.close();
      return failures;
    }
    case 'fill':
      for (let i = 0; i < request.count; i++) {
        const header = sampleHeader({ runId: `run-${i}`, number: i + 1 });
        await store.import(sampleRun({ header }), sampleSteps(0, request.steps));
      }
      return undefined;
    case 'list': {
      const started = performance.now();
      const runs = await store.list();
      return { runs, milliseconds: performance.now() - started };
    }
    case 'steps':
      return store.steps(request.runId);
    case 'clear':
      for (const folder of await files.folders()) await files.remove(folder);
      return undefined;
    default:
      throw new Error('There is no such action.', { cause: request satisfies never });
  }
}

globalThis.addEventListener('message', (event: MessageEvent<RunsRequest>) => {
  answer(event.data).then(
    (value) => globalThis.postMessage({ value }),
    (error: unknown) => globalThis.postMessage({ error: String(error) }),
  );
});
