import { Menu } from '@base-ui/react/menu';
import type { ReactNode } from 'react';
import { questionById } from '#analysis/questions.ts';
import { recordings, type Recording } from '#analysis/recordings.ts';
import { fileBesidePage, openRunFiles } from '#ui/openFiles.ts';
import { useOutcome } from '#ui/parts/useOutcome.tsx';
import { useClient } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/** Opens runs that come with the page: something to look at before anything has trained, and where nothing can. */
export function RecordedRuns(): ReactNode {
  const client = useClient();
  const { attempt, outcome } = useOutcome();
  const open = (recording: Recording): void =>
    attempt(async () => {
      await openRunFiles(client, [await fileBesidePage(recording.file)], []);
      const isFinder = recording.kind === 'finder';
      viewActions.setTab(isFinder ? 'find' : 'compare');
      viewActions.announce(
        `${recording.runs} recorded ${isFinder ? 'finders' : 'runs'} are open. Nothing has trained here.`,
      );
      return undefined;
    });
  return (
    <>
      <Menu.Root>
        <Menu.Trigger className="button">Look at recorded runs</Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner className="menu-place" sideOffset={4} align="start">
            <Menu.Popup className="menu recorded-menu">
              {recordings.map((recording) => (
                <Menu.Item key={recording.file} className="menu-item" onClick={() => open(recording)}>
                  {questionById(recording.question)?.title}
                  <span className="menu-note">{recording.note}</span>
                </Menu.Item>
              ))}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      {outcome}
    </>
  );
}
