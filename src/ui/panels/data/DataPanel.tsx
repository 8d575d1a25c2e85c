import type { ReactNode } from 'react';
import type { DatasetInfo } from '#domain/dataset.ts';
import { formatCount } from '#ui/format.ts';
import { Notice } from '#ui/parts/Notice.tsx';
import { ProgressBar } from '#ui/parts/ProgressBar.tsx';
import { useActiveRun, useClient, useClientState } from '#ui/state/client.ts';
import { DropZone } from './DropZone.tsx';
import { SampleGrid } from './SampleGrid.tsx';

/** The data set in use: what it is, how to change it, what its images look like. */
export function DataPanel(): ReactNode {
  const client = useClient();
  const { info, loading, error } = useClientState((state) => state.dataset);
  const active = useActiveRun();
  const isBusy = loading !== undefined || active !== undefined;
  const load = (files: readonly File[]): void => void client.loadDataset({ kind: 'files', files });
  return (
    <div className="data">
      <div className="data-head">
        <DatasetFacts info={info} />
        <div className="data-source">
          <DropZone isBusy={isBusy} onFiles={load} />
          <div className="data-status">
            {loading ? (
              <>
                <ProgressBar
                  label="Loading data"
                  done={loading.done}
                  total={loading.total}
                  text={loading.stage}
                />
                <p className="field-help">{loading.stage}…</p>
              </>
            ) : active ? (
              <p className="field-help">The data cannot be changed while a run is going.</p>
            ) : info && !info.id.startsWith('built-in') ? (
              <button
                type="button"
                className="link"
                onClick={() => void client.loadDataset({ kind: 'built-in' })}
              >
                Go back to the built-in set
              </button>
            ) : (
              <p className="field-help">Without files, the built-in set is in use. It needs no download.</p>
            )}
          </div>
          {error && (
            <Notice
              tone="error"
              title="These files cannot be used."
              actions={
                <button
                  type="button"
                  className="button is-small"
                  onClick={() => client.dismissDatasetError()}
                >
                  Dismiss
                </button>
              }
            >
              {error} {info && `${info.title} stays in use.`}
            </Notice>
          )}
        </div>
      </div>
      {info && <SampleGrid key={info.hash} info={info} />}
    </div>
  );
}

function DatasetFacts({ info }: { info: DatasetInfo | undefined }): ReactNode {
  if (!info) return <div className="data-facts" />;
  const most = Math.max(1, ...info.trainHistogram);
  return (
    <div className="data-facts">
      <h3>{info.title}</h3>
      <p>
        {formatCount(info.trainCount)} training and {formatCount(info.validCount)} validation images, 32 × 32
        RGB, {info.classNames.length} classes.
      </p>
      {info.notes.map((note) => (
        <p key={note} className="field-help">
          {note}
        </p>
      ))}
      <table className="histogram">
        <caption className="visually-hidden">Training images per class</caption>
        <tbody>
          {info.classNames.map((name, index) => {
            const count = info.trainHistogram[index] ?? 0;
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <meter min={0} max={most} value={count} aria-hidden="true" />
                  {formatCount(count)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="field-help" title={info.hash}>
        Per channel: mean {info.mean.map((value) => value.toFixed(3)).join(', ')}; deviation{' '}
        {info.deviation.map((value) => value.toFixed(3)).join(', ')}. Fingerprint {info.hash.slice(0, 8)}.
      </p>
    </div>
  );
}
