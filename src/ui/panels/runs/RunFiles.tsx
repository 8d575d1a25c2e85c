import { Menu } from '@base-ui/react/menu';
import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { downloadFile } from '#ui/download.ts';
import { useOutcome } from '#ui/parts/useOutcome.tsx';
import type { Attempt } from '#ui/parts/useOutcome.tsx';
import { runName } from '#ui/runText.ts';
import { useClient } from '#ui/state/client.ts';
import { runFilesOf } from './runFiles.ts';

/** Weights and PyTorch bundles of a run, as items of a menu. */
export function RunFileItems({ run, attempt }: { run: TrainRecord; attempt: Attempt }): ReactNode {
  const client = useClient();
  return runFilesOf(run).map(({ label, title, extension, read }) => (
    <Menu.Item
      key={label}
      className="menu-item"
      onClick={() =>
        attempt(async () => {
          const bytes = await read(client);
          const type = extension === 'zip' ? 'application/zip' : 'application/octet-stream';
          downloadFile(`normlab ${runName(run)} ${title}`, extension, new Blob([bytes], { type }));
          return undefined;
        })
      }
    >
      {label}
    </Menu.Item>
  ));
}

/** The menu of a run's weights and PyTorch bundles. */
export function RunFiles({ run }: { run: TrainRecord }): ReactNode {
  const { attempt, outcome } = useOutcome();
  if (run.plan === undefined || runFilesOf(run).length === 0) return null;
  return (
    <div className="run-files">
      <Menu.Root>
        <Menu.Trigger className="button is-small" aria-label={`Weights and PyTorch of ${runName(run)}`}>
          Weights, PyTorch
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner className="menu-place" sideOffset={4} align="start">
            <Menu.Popup className="menu">
              <RunFileItems run={run} attempt={attempt} />
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      {outcome}
    </div>
  );
}
