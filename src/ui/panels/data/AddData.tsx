import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { listLocalArchives, type LocalArchive } from '#client/localArchives.ts';
import { formatBytes } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { useClient, useClientState } from '#ui/state/client.ts';
import { DropZone } from './DropZone.tsx';
import { LoadingStatus, useLoading } from './LoadingStatus.tsx';

const FROM_CARD = ['download', 'local'] as const;

/** The ways to get another data set. */
export function AddData({ isBusy }: { isBusy: boolean }): ReactNode {
  const { data } = useClient();
  return (
    <section className="data-add" aria-labelledby="data-add-title">
      <h3 id="data-add-title">Add data</h3>
      <Cifar10Download isBusy={isBusy} />
      <DropZone isBusy={isBusy} onSource={(source) => void data.load(source)} />
    </section>
  );
}

function Cifar10Download({ isBusy }: { isBusy: boolean }): ReactNode {
  const { data } = useClient();
  const kept = useClientState((state) => state.dataset.kept);
  const archives = useLocalArchives();
  const loading = useLoading(FROM_CARD);
  const isKept = kept?.datasets.some(({ info }) => info.id === 'cifar10') ?? false;
  const size = kept ? formatBytes(kept.download.total) : '144 MB';
  const done = kept?.download.done ?? 0;
  if (loading) {
    return (
      <div className="download is-loading">
        <LoadingStatus loading={loading} />
      </div>
    );
  }
  if (isKept) {
    return (
      <div className="download">
        <div>
          <strong>CIFAR-10</strong>
          <p className="field-help">Kept in this browser: nothing has to be downloaded.</p>
        </div>
      </div>
    );
  }
  return (
    <div className="download">
      <div>
        <strong>CIFAR-10</strong>
        <p className="field-help">
          {done > 0
            ? `${formatBytes(done)} of ${size} are here already; the download goes on from there.`
            : `60,000 small photographs in ten classes. ${size} from huggingface.co, checked and then kept in this browser (184 MB).`}
        </p>
      </div>
      <div className="download-buttons">
        {done > 0 && (
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label="Discard the unfinished download"
            aria-disabled={isBusy}
            onClick={() => !isBusy && void data.discardDownload()}
          >
            Discard
          </button>
        )}
        <button
          type="button"
          className="button is-small is-primary"
          aria-disabled={isBusy}
          onClick={() => !isBusy && void data.load({ kind: 'download' })}
        >
          <Icon name="download" />
          {done > 0 ? 'Resume download' : `Download ${size}`}
        </button>
      </div>
      {archives.map((archive) => (
        <button
          key={archive.name}
          type="button"
          className="link download-local"
          aria-disabled={isBusy}
          onClick={() => !isBusy && void data.loadLocal(archive)}
        >
          Or use {archive.name} ({formatBytes(archive.byteLength)}), which npm run data downloaded
        </button>
      ))}
    </div>
  );
}

function useLocalArchives(): readonly LocalArchive[] {
  const [archives, setArchives] = useState<readonly LocalArchive[]>([]);
  useEffect(() => {
    let isCurrent = true;
    void listLocalArchives().then((found) => isCurrent && setArchives(found));
    return () => {
      isCurrent = false;
    };
  }, []);
  return archives;
}
