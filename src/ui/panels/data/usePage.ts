import { useEffect, useState } from 'react';
import type { SampleImages } from '#protocol/messages.ts';

interface Page {
  /** The last page that has come; stays while the next one is on its way. */
  readonly shown: { readonly images: SampleImages; readonly offset: number } | undefined;
  readonly problem: string | undefined;
}

/**
 * Images from the worker.
 * @param request must be the same function while it asks for the same.
 */
export function usePage(offset: number, request: (offset: number) => Promise<SampleImages>): Page {
  const [page, setPage] = useState<Page>({ shown: undefined, problem: undefined });
  useEffect(() => {
    let isCurrent = true;
    request(offset).then(
      (images) => isCurrent && setPage({ shown: { images, offset }, problem: undefined }),
      (error: unknown) =>
        isCurrent &&
        setPage((last) => ({ ...last, problem: error instanceof Error ? error.message : String(error) })),
    );
    return () => {
      isCurrent = false;
    };
  }, [offset, request]);
  return page;
}
