import { Menu } from '@base-ui/react/menu';
import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { claimsLedger } from '#analysis/claims.ts';
import { claimSummaries } from '#analysis/claims/summaries.ts';
import { VERSION } from '#domain/version.ts';
import { counted } from '#analysis/text.ts';
import type { FinderRecord, RunRecord } from '#client/runRecord.ts';
import { epochsCsv, stepsCsv } from '#export/csv.ts';
import type { ExportedRun } from '#export/exportedRun.ts';
import { epochTablesMarkdown } from '#export/markdown.ts';
import { reportHtml } from '#export/report.ts';
import type { ReportInput, ReportLink } from '#export/reportContent.ts';
import { reportMarkdown } from '#export/reportMarkdown.ts';
import { setupOfRuns } from '#export/setupOfRuns.ts';
import { encodeRuns } from '#export/runsJson.ts';
import { sortFiles } from '#ui/droppedFiles.ts';
import { openRunFiles } from '#ui/openFiles.ts';
import { downloadFile } from '#ui/download.ts';
import { browserName } from '#ui/panels/measure/reportText.ts';
import { RunFileItems } from '#ui/panels/runs/RunFiles.tsx';
import type { Attempt } from '#ui/parts/useOutcome.tsx';
import { runName } from '#ui/runText.ts';
import { isTrainRun, useClient } from '#ui/state/client.ts';
import { linkOf } from '#ui/state/useLink.ts';
import { exportedRunOf, keptRunOf } from './exportedRuns.ts';
import { drawnCharts } from './reportCharts.tsx';

interface Format {
  readonly label: string;
  readonly extension: string;
  readonly type: string;
  /** Only training runs have epochs. */
  readonly needsEpochs?: true;
  readonly write: (runs: readonly ExportedRun[]) => string;
}

const formats: readonly Format[] = [
  {
    label: 'JSON, with every step',
    extension: 'json',
    type: 'application/json',
    write: (runs) => encodeRuns(runs, Date.now()),
  },
  {
    label: 'CSV of epochs and settings',
    extension: 'csv',
    type: 'text/csv',
    needsEpochs: true,
    write: epochsCsv,
  },
  { label: 'CSV of steps', extension: 'csv', type: 'text/csv', write: stepsCsv },
];

const NO_COMPANIONS: readonly FinderRecord[] = [];

/**
 * Files of the ticked runs, or of all that pass the filter; and runs from such files.
 * @param companions runs of the same studies, which join them where that is wanted.
 * @param attempt of a `useOutcome` above, which tells what came of it: the first import replaces the empty
 * panel that its button stood in.
 */
export function ExportMenu({
  runs: own,
  companions = NO_COMPANIONS,
  isSelection = false,
  attempt,
}: {
  runs: readonly RunRecord[];
  companions?: readonly FinderRecord[];
  isSelection?: boolean;
  attempt: Attempt;
}): ReactNode {
  const client = useClient();
  const input = useRef<HTMLInputElement>(null);
  const [isAccompanied, setAccompanied] = useState(true);
  const runs = isAccompanied ? [...own, ...companions] : own;

  /** The runs with their steps; those of earlier visits are read first. */
  const loaded = async (): Promise<readonly RunRecord[]> => {
    const ids = runs.map((run) => run.id);
    const release = client.holdSteps(ids);
    try {
      await client.loadSteps(ids);
      return client.getState().runs.filter((run) => ids.includes(run.id));
    } finally {
      release();
    }
  };
  const save = ({ extension, type, write }: Format): void =>
    attempt(async () => {
      const exported = (await loaded()).map(exportedRunOf);
      downloadFile(fileTitle(runs), extension, new Blob([write(exported)], { type }));
      return undefined;
    });
  const report = (format: 'html' | 'md'): void =>
    attempt(async () => {
      const records = await loaded();
      const exported = records.map(exportedRunOf);
      const { connection } = client.getState();
      const { userAgent } = navigator;
      const content: ReportInput = {
        title: fileTitle(runs).replace('normlab', 'NormLab:'),
        runs: exported,
        claims: claimSummaries(claimsLedger(records)).filter(({ rows }) =>
          rows.some(({ count }) => count > 0),
        ),
        link: setupLink(exported),
        writer: {
          version: VERSION,
          browser: browserName(userAgent),
          userAgent,
          adapter: connection.status === 'ready' ? connection.device.title : undefined,
        },
        now: Date.now(),
      };
      const file =
        format === 'md'
          ? new Blob([reportMarkdown(content)], { type: 'text/markdown' })
          : new Blob([reportHtml({ ...content, charts: await drawnCharts(client, records) })], {
              type: 'text/html',
            });
      downloadFile(`${fileTitle(runs)} report`, format, file);
      return undefined;
    });
  const copyTables = (): void =>
    attempt(async () => {
      await navigator.clipboard.writeText(
        epochTablesMarkdown(trainRuns.map((run) => ({ name: runName(run), run: keptRunOf(run) }))),
      );
      return 'The epoch tables are on the clipboard as Markdown.';
    });
  const open = (files: FileList | null): void =>
    attempt(async () => {
      const { states, runs: others, weights, data } = await sortFiles([...(files ?? [])]);
      return openRunFiles(client, [...others, ...weights, ...data], states);
    });

  const trainRuns = runs.filter(isTrainRun);
  const hasEpochs = trainRuns.length > 0;
  const only = own.length === 1 ? trainRuns[0] : undefined;
  const what = isSelection ? `${own.length} selected` : `${own.length} listed`;
  return (
    <>
      {own.length > 0 && (
        <Menu.Root>
          <Menu.Trigger className="button is-small">{`Export ${what}`}</Menu.Trigger>
          <Menu.Portal>
            <Menu.Positioner className="menu-place" sideOffset={4} align="end">
              <Menu.Popup className="menu">
                {formats
                  .filter(({ needsEpochs }) => hasEpochs || !needsEpochs)
                  .map((format) => (
                    <Menu.Item key={format.label} className="menu-item" onClick={() => save(format)}>
                      {format.label}
                    </Menu.Item>
                  ))}
                <Menu.Item className="menu-item" onClick={() => report('html')}>
                  Report, one HTML page with charts
                </Menu.Item>
                <Menu.Item className="menu-item" onClick={() => report('md')}>
                  Report, Markdown without charts
                </Menu.Item>
                {hasEpochs && (
                  <Menu.Item className="menu-item" onClick={copyTables}>
                    Copy epoch tables as Markdown
                  </Menu.Item>
                )}
                {companions.length > 0 && (
                  <Menu.CheckboxItem
                    className="menu-item"
                    checked={isAccompanied}
                    onCheckedChange={setAccompanied}
                    closeOnClick={false}
                  >
                    {`${isAccompanied ? '☑' : '☐'} With ${counted(companions.length, 'finder')} of the same study`}
                  </Menu.CheckboxItem>
                )}
                {only && <RunFileItems run={only} attempt={attempt} />}
              </Menu.Popup>
            </Menu.Positioner>
          </Menu.Portal>
        </Menu.Root>
      )}
      <button type="button" className="button is-small" onClick={() => input.current?.click()}>
        Import runs…
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept=".json,application/json,.bin"
        multiple
        aria-label="File of runs"
        onChange={(event) => {
          open(event.target.files);
          event.target.value = '';
        }}
      />
    </>
  );
}

/** The address that sets the page up for these runs. */
function setupLink(exported: readonly ExportedRun[]): ReportLink | undefined {
  const setup = setupOfRuns(exported.map(({ run }) => run.header));
  if (!setup) return undefined;
  const { href, lacksStudies } = linkOf(setup);
  return { href: `${location.origin}${location.pathname}${href}`, lacksStudies };
}

/** 'normlab BN+WS 3' for one run, 'normlab 12 runs' for several. */
function fileTitle(runs: readonly RunRecord[]): string {
  return runs.length === 1 ? `normlab ${runName(runs[0]!)}` : `normlab ${runs.length} runs`;
}
