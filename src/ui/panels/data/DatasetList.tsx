import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import type { StoredDataset } from '#domain/dataset.ts';
import { formatBytes } from '#ui/format.ts';
import { ConfirmDialog } from '#ui/parts/ConfirmDialog.tsx';
import { Icon } from '#ui/parts/Icon.tsx';
import { useClient, useClientState } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { sizeText, storageText } from './dataText.ts';
import { LoadingStatus, useLoading } from './LoadingStatus.tsx';

const FROM_LIST = ['built-in', 'stored'] as const;

/** The sets that can be used at once: the built-in one and those that this browser keeps. */
export function DatasetList({ isBusy }: { isBusy: boolean }): ReactNode {
  const { data } = useClient();
  const info = useClientState((state) => state.dataset.info);
  const kept = useClientState((state) => state.dataset.kept);
  const loading = useLoading(FROM_LIST);
  const [asked, setAsked] = useState<StoredDataset | undefined>();
  const heading = useRef<HTMLHeadingElement>(null);
  const isBuiltIn = info?.id.startsWith('built-in') ?? false;
  const isUnkept =
    info !== undefined && !isBuiltIn && !kept?.datasets.some((set) => set.info.hash === info.hash);
  return (
    <section className="data-sets" aria-labelledby="data-sets-title">
      <h3 id="data-sets-title" ref={heading} tabIndex={-1}>
        Data sets
      </h3>
      <ul className="set-list">
        <SetItem
          title="Built-in shapes and textures"
          lines={['Ten classes, drawn in this page; needs no download.']}
          isInUse={isBuiltIn}
          isBusy={isBusy}
          onUse={() => void data.load({ kind: 'built-in' })}
        />
        {isUnkept && info && (
          <SetItem
            title={info.title}
            lines={[`${sizeText(info)} · not kept: gone when the page is closed`]}
            isInUse
            isBusy={isBusy}
          />
        )}
        {kept?.datasets.map((set) => (
          <SetItem
            key={set.info.hash}
            title={set.info.title}
            lines={keptLines(set)}
            isInUse={set.info.hash === info?.hash}
            isBusy={isBusy}
            onUse={() => void data.load({ kind: 'stored', hash: set.info.hash })}
            onRemove={() => setAsked(set)}
          />
        ))}
      </ul>
      <div className="set-status">
        {loading ? (
          <LoadingStatus loading={loading} />
        ) : (
          kept && <p className="field-help">{storageText(kept.usage, kept.datasets.length)}</p>
        )}
      </div>
      <ConfirmDialog
        title={asked ? `Remove ${asked.info.title}?` : ''}
        action="Remove"
        isOpen={asked !== undefined}
        finalFocus={heading}
        onClose={() => setAsked(undefined)}
        onConfirm={() => {
          if (!asked) return;
          void data.remove(asked.info.hash);
          viewActions.announce(`${asked.info.title} removed.`);
        }}
      >
        {asked &&
          `This frees ${formatBytes(asked.byteLength)} in this browser. To use it again, it has to be loaded from its source again.${
            asked.info.hash === info?.hash
              ? ' It stays in use until another set is chosen or the page is closed.'
              : ''
          }`}
      </ConfirmDialog>
    </section>
  );
}

interface SetItemProps {
  readonly title: string;
  readonly lines: readonly string[];
  readonly isInUse: boolean;
  readonly isBusy: boolean;
  readonly onUse?: () => void;
  readonly onRemove?: () => void;
}

function SetItem({ title, lines, isInUse, isBusy, onUse, onRemove }: SetItemProps): ReactNode {
  return (
    <li className={isInUse ? 'set-item is-in-use' : 'set-item'}>
      <div className="set-text">
        <strong>{title}</strong>
        {lines.map((line) => (
          <span key={line} className="field-help" title={line}>
            {line}
          </span>
        ))}
      </div>
      <div className="set-actions">
        {isInUse ? (
          <span className="set-in-use">
            <Icon name="check" />
            in use
          </span>
        ) : (
          onUse && (
            <button
              type="button"
              className="button is-small"
              aria-label={`Use ${title}`}
              aria-disabled={isBusy}
              onClick={() => !isBusy && onUse()}
            >
              Use
            </button>
          )
        )}
        {onRemove && (
          <button
            type="button"
            className="button is-quiet is-icon"
            aria-label={`Remove ${title}`}
            title="Remove from this browser"
            onClick={onRemove}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </li>
  );
}

function keptLines({ info, byteLength }: StoredDataset): string[] {
  const source = info.source === undefined || info.source === info.title ? '' : ` · from ${info.source}`;
  return [
    `${sizeText(info)} · ${formatBytes(byteLength)}${source}`,
    ...(info.licence === undefined ? [] : [info.licence]),
  ];
}
