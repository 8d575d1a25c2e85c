import { useEffect, useState } from 'react';
import type { DatasetStatistics } from '#client/datasetClient.ts';
import { useActiveRun, useClient } from '#ui/state/client.ts';

/** Both halves of the set in use in numbers; undefined until they are counted, which waits for a run's end. */
export function useDatasetStatistics(hash: string): DatasetStatistics | undefined {
  const { data } = useClient();
  const [counted, setCounted] = useState<{ hash: string; statistics: DatasetStatistics } | undefined>();
  const isGoing = useActiveRun() !== undefined;
  useEffect(() => {
    if (isGoing) return undefined;
    let isCurrent = true;
    data.statistics(hash).then(
      (statistics) => isCurrent && setCounted({ hash, statistics }),
      () => {
        // The worker is gone, which the page says elsewhere; the next one counts again.
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [data, hash, isGoing]);
  return counted?.hash === hash ? counted.statistics : undefined;
}
