import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { listLocalArchives, type LocalArchive } from '#client/localArchives.ts';
import { formatBytes } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { useClient, useClientState } from '#ui/state/client.ts';
import { DropZone } from './DropZone.tsx';

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
  const download = kept?.download;
  const isKept = kept?.datasets.some(({ info }) => info.id === 'cifar10') ?? false;
  const size = download ? formatBytes(download.total) : '144 MB';
  const isStarted = download !== undefined && download.done > 0;
  return (
    <div className="download">
      <div className="download-text">
        <strong>CIFAR-10</strong>
        <p className="field-help">
          {isKept
            ? 'Kept in this browser: nothing has to be downloaded.'
            : isStarted
              ? `${formatBytes(download.done)} of ${size} are here already; the download goes on from there.`
              : `60,000 small photographs in ten classes. ${size} from huggingface.co, checked and then kept in this browser (184 MB).`}
        </p>
      </div>
      {!isKept && (
        <div className="download-buttons">
          {isStarted && (
            <button
              type="button"
              className="button is-small is-quiet"
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
            {isStarted ? 'Resume download' : `Download ${size}`}
          </button>
        </div>
      )}
      {!isKept &&
        archives.map((archive) => (
          <button
            key={archive.name}
            type="button"
            className="link download-local"
            aria-disabled={isBusy}
            onClick={() => !isBusy && void data.loadLocal(archive)}
          >
            Use {archive.name} ({formatBytes(archive.byteLength)}) that npm run data downloaded
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
