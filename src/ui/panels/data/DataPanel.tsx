import type { ReactNode } from 'react';
import { Notice } from '#ui/parts/Notice.tsx';
import { useActiveRun, useClient, useClientState } from '#ui/state/client.ts';
import { AddData } from './AddData.tsx';
import { DatasetFacts } from './DatasetFacts.tsx';
import { DatasetList } from './DatasetList.tsx';
import { Samples } from './Samples.tsx';

/** The data set in use: what it is, how to change it, what its images look like. */
export function DataPanel(): ReactNode {
  const { data } = useClient();
  const { info, loading, error } = useClientState((state) => state.dataset);
  const hasWorker = useClientState((state) => state.connection.status !== 'failed');
  const active = useActiveRun();
  const isBusy = loading !== undefined || active !== undefined || !hasWorker;
  return (
    <div className="data">
      <div className="data-head">
        <DatasetFacts info={info} />
        <div className="data-sources">
          {error && (
            <Notice
              tone="error"
              title="These data cannot be used."
              actions={
                <button type="button" className="button is-small" onClick={() => data.dismissError()}>
                  Dismiss
                </button>
              }
            >
              {error} {info && !error.includes('in use') && `${info.title} stays in use.`}
            </Notice>
          )}
          {active && <Notice tone="info">The data cannot be changed while a run is going.</Notice>}
          <DatasetList isBusy={isBusy} />
          <AddData isBusy={isBusy} />
        </div>
      </div>
      {info && <Samples key={info.hash} info={info} />}
    </div>
  );
}
