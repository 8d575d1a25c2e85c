import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import type { DatasetSource } from '#domain/dataset.ts';
import type { TrainingClient } from '#client/trainingClient.ts';
import { sortFiles } from '#ui/droppedFiles.ts';
import { openRunFiles } from '#ui/openFiles.ts';
import { sourceOfDrop } from '#ui/panels/data/chosenFiles.ts';
import { useOutcome } from '#ui/parts/useOutcome.tsx';
import { readWeights } from '#ui/startWeights.ts';
import { useClient } from '#ui/state/client.ts';
import { setupActions } from '#ui/state/setupStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/**
 * Opens what is dropped anywhere on the page: runs, states, weights, data. Without it, a file dropped beside the
 * drop zone of the data would replace the page, and with it every run of the visit.
 */
export function PageDrop(): ReactNode {
  const client = useClient();
  const [isOver, setIsOver] = useState(false);
  const { attempt, outcome } = useOutcome();
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setIsOver(event.dataTransfer?.types.includes('Files') ?? false);
    };
    const leave = (event: DragEvent): void => {
      // Into nothing: out of the window.
      if (event.relatedTarget === null) setIsOver(false);
    };
    const drop = (event: DragEvent): void => {
      setIsOver(false);
      // The drop zone of the data has taken it.
      if (event.defaultPrevented) return;
      event.preventDefault();
      const { dataTransfer } = event;
      if (!dataTransfer || dataTransfer.files.length === 0) return;
      // Both while the event lasts: the browser forgets the files after it.
      const files = [...dataTransfer.files];
      const source = sourceOfDrop(dataTransfer);
      attempt(async () => open(client, files, await source));
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
    // `attempt` only tells of what came of it: any of them will do.
    // eslint-disable-next-line react/exhaustive-deps
  }, [client]);
  return (
    <>
      {outcome}
      {isOver && (
        <div className="page-drop" aria-hidden="true">
          <div className="page-drop-text">
            <strong>Drop to open</strong>
            <span>runs (.json), a run’s state (.bin), weights (.safetensors)</span>
            <span>or data: CIFAR archives, images in folders</span>
          </div>
        </div>
      )}
    </>
  );
}

/** @returns what came of it, in sentences; undefined where another panel tells. */
async function open(
  client: TrainingClient,
  files: readonly File[],
  source: DatasetSource | undefined,
): Promise<string | undefined> {
  if (source && source.kind !== 'files') return loadData(client, source);
  const { runs, states, weights, data } = await sortFiles(files);
  const said: string[] = [];
  if (runs.length + states.length > 0) {
    said.push(await openRunFiles(client, runs, states));
    viewActions.setTab('compare');
  }
  const [first] = weights;
  if (first) {
    setupActions.setWeights(await readWeights(first));
    said.push(`The next run starts from the weights of “${first.name}”.`);
  }
  if (data.length > 0) loadData(client, { kind: 'files', files: data });
  return said.length > 0 ? said.join(' ') : undefined;
}

/** The panel of the data tells how far that is, and what is wrong with it. */
function loadData(client: TrainingClient, source: DatasetSource): undefined {
  viewActions.setTab('data');
  void client.data.load(source);
}
