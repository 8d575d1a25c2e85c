import type { ReactNode } from 'react';
import { BUILT_IN_TITLE } from '#domain/dataset.ts';
import type { DatasetSource } from '#domain/dataset.ts';
import { isSharedData } from '#export/urlData.ts';
import type { SharedData } from '#export/urlData.ts';
import { CloseButton } from '#ui/parts/CloseButton.tsx';
import { Notice } from '#ui/parts/Notice.tsx';
import { useClient, useClientState } from '#ui/state/client.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';

/** Says that a link was made for other data than those that are loaded, and how to come by them. */
export function LinkDataNotice(): ReactNode {
  const client = useClient();
  const data = useView((state) => state.linkData);
  const info = useClientState((state) => state.dataset.info);
  const loading = useClientState((state) => state.dataset.loading);
  const kept = useClientState((state) => state.dataset.kept?.datasets);
  if (!data || !info || loading || isSharedData(data, info)) return null;
  const stored = kept?.find((set) => isSharedData(data, set.info));
  const source: DatasetSource | undefined = stored
    ? { kind: 'stored', hash: stored.info.hash }
    : data.title === BUILT_IN_TITLE && info.title !== BUILT_IN_TITLE
      ? { kind: 'built-in' }
      : undefined;
  return (
    <Notice
      tone="warning"
      title={`The link is for other data: ${data.title}.`}
      actions={
        <>
          <button
            type="button"
            className="button is-small"
            onClick={() => (source ? void client.data.load(source) : viewActions.setTab('data'))}
          >
            {source ? 'Load them' : 'To the data'}
          </button>
          <CloseButton onClose={() => viewActions.setLinkData(undefined)} />
        </>
      }
    >
      {`${info.title} is loaded. ${source ? 'The others are in this browser.' : remedy(data)}`}
    </Notice>
  );
}

/** How data can be had that are not in this browser. */
function remedy({ title }: SharedData): string {
  if (title === BUILT_IN_TITLE) {
    return 'The link is from another version of NormLab, which drew other images: results will differ.';
  }
  if (title === 'CIFAR-10') return 'Get CIFAR-10 in Data: download it there, or open its archive.';
  return `Ask for the files of “${title}” and open them in Data; they are known by their contents.`;
}
