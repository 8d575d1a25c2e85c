import { Tabs } from '@base-ui/react/tabs';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import type { TrainingClient } from '#client/trainingClient.ts';
import { ComparePanel } from './panels/compare/ComparePanel.tsx';
import { DataPanel } from './panels/data/DataPanel.tsx';
import { FindPanel } from './panels/find/FindPanel.tsx';
import { DeviceNotices } from './panels/header/DeviceNotices.tsx';
import { Header } from './panels/header/Header.tsx';
import { PageDrop } from './panels/runs/PageDrop.tsx';
import { RunsPanel } from './panels/runs/RunsPanel.tsx';
import { UndoRemoval } from './panels/runs/UndoRemoval.tsx';
import { SetupPanel } from './panels/setup/SetupPanel.tsx';
import { StudyNotices } from './panels/study/StudyNotices.tsx';
import { StudyPanel } from './panels/study/StudyPanel.tsx';
import { TrainPanel } from './panels/train/TrainPanel.tsx';
import { totalSteps } from './runSteps.ts';
import { TransportBar } from './panels/transport/TransportBar.tsx';
import { Sheet } from './parts/Sheet.tsx';
import { useMediaQuery } from './parts/useMediaQuery.ts';
import { ClientContext, useActiveRun, useMetricsVersion, useClient } from './state/client.ts';
import { useAnnouncements } from './state/useAnnouncements.ts';
import { useLink } from './state/useLink.ts';
import { useView, viewActions } from './state/viewStore.ts';
import { keepScreenOn } from './state/wakeLock.ts';
import type { Tab } from './state/viewStore.ts';

const tabs: readonly {
  readonly value: Tab;
  readonly number: string;
  readonly label: string;
  readonly panel: ReactNode;
}[] = [
  { value: 'data', number: '', label: 'Data', panel: <DataPanel /> },
  { value: 'study', number: '', label: 'Study', panel: <StudyPanel /> },
  { value: 'find', number: '1', label: 'Find', panel: <FindPanel /> },
  { value: 'train', number: '2', label: 'Train', panel: <TrainPanel /> },
  { value: 'compare', number: '3', label: 'Compare', panel: <ComparePanel /> },
];

export function App({ client }: { client: TrainingClient }): ReactNode {
  return (
    <ClientContext value={client}>
      <Page />
    </ClientContext>
  );
}

function Page(): ReactNode {
  useAnnouncements();
  useVisibility();
  useScreenLock();
  useLink();
  const tab = useView((state) => state.tab);
  const sheet = useView((state) => state.sheet);
  const { setTab, openSheet } = viewActions;
  const hasSetup = useMediaQuery('(min-width: 641px)');
  const hasRuns = useMediaQuery('(min-width: 1101px)');
  return (
    <div className="page">
      <Header hasSetupButton={!hasSetup} hasRunsButton={!hasRuns} />
      <div className="columns">
        {hasSetup ? (
          <aside className="side is-setup" aria-labelledby="setup-title">
            <h2 className="panel-title" id="setup-title">
              Set-up
            </h2>
            <SetupPanel />
          </aside>
        ) : (
          <Sheet title="Set-up" side="left" isOpen={sheet === 'setup'} onClose={() => openSheet(undefined)}>
            <SetupPanel />
          </Sheet>
        )}
        <main className="centre">
          <DeviceNotices />
          <StudyNotices />
          <PageDrop />
          {/* Base UI gives values of any type; these tabs have only those of `Tab`. */}
          <Tabs.Root className="tabs" value={tab} onValueChange={(value) => setTab(value as Tab)}>
            <Tabs.List className="tab-list" aria-label="Steps">
              {tabs.map(({ value, number, label }) => (
                <Tabs.Tab key={value} value={value} className="tab">
                  {number && <span className="tab-number">{number}</span>}
                  {label}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {tabs.map(({ value, panel }) => (
              <Tabs.Panel key={value} value={value} className="tab-panel">
                {panel}
              </Tabs.Panel>
            ))}
          </Tabs.Root>
        </main>
        {hasRuns ? (
          <aside className="side is-runs" aria-labelledby="runs-title">
            <h2 className="panel-title" id="runs-title">
              Runs
            </h2>
            <RunsPanel />
          </aside>
        ) : (
          <Sheet title="Runs" side="right" isOpen={sheet === 'runs'} onClose={() => openSheet(undefined)}>
            <RunsPanel />
          </Sheet>
        )}
      </div>
      <TransportBar />
      <UndoRemoval />
      <Announcer />
      <RunGuard />
    </div>
  );
}

function Announcer(): ReactNode {
  const announcement = useView((state) => state.announcement);
  return (
    <output className="visually-hidden" aria-live="polite">
      {announcement.text}
    </output>
  );
}

/**
 * Runs note when nobody sees the page, which may then be frozen or closed without notice; what was removed is ended
 * when it goes.
 */
function useVisibility(): void {
  const client = useClient();
  useEffect(() => {
    const tell = (): void => {
      client.pageHidden(document.visibilityState === 'hidden');
    };
    const leave = (): void => client.leave();
    if (document.visibilityState === 'hidden') tell();
    document.addEventListener('visibilitychange', tell);
    addEventListener('pagehide', leave);
    return () => {
      document.removeEventListener('visibilitychange', tell);
      removeEventListener('pagehide', leave);
    };
  }, [client]);
}

/** Keeps the screen on while something trains, where the user has asked for that. */
function useScreenLock(): void {
  const isGoing = useActiveRun() !== undefined;
  const isWanted = useView((state) => state.keepsAwake);
  useEffect(() => {
    if (!isGoing || !isWanted || !('wakeLock' in navigator)) return undefined;
    return keepScreenOn(navigator.wakeLock, document);
  }, [isGoing, isWanted]);
}

/** Leaving the page ends the run that is going: asks first, and shows in the tab's title how far it is. */
function RunGuard(): ReactNode {
  useMetricsVersion();
  const active = useActiveRun();
  const isGoing = active !== undefined;
  const percent = active && Math.floor(100 * runShare(active));
  useEffect(() => {
    document.title = percent === undefined ? 'NormLab' : `${percent} % · NormLab`;
  }, [percent]);
  useEffect(() => {
    if (!isGoing) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isGoing]);
  return null;
}

function runShare(run: RunRecord): number {
  const total = totalSteps(run);
  return total > 0 ? run.metrics.count / total : 0;
}
