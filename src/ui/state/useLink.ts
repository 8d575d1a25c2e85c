import { useEffect } from 'react';
import { decodeHash, encodeHash } from '#export/urlState.ts';
import type { SetupFromHash, SharedSetup } from '#export/urlState.ts';
import { setupActions, useSetup } from './setupStore.ts';
import { studyActions, useStudy } from './studyStore.ts';
import { viewActions } from './viewStore.ts';

/** Typing changes the address when it rests, not at every key. */
const REST_MS = 400;

/** What the address should carry now: the set-up, and the study when it has arms. */
function sharedNow(): SharedSetup {
  const { plans, active } = useStudy.getState();
  const plan = plans[active];
  return {
    experiment: useSetup.getState().experiment,
    study: plan && plan.arms.length > 0 ? plan : undefined,
  };
}

/** What to say of a link; undefined where there was none. */
export function linkNote(link: SetupFromHash): { text: string; isProblem: boolean } | undefined {
  if (link.kind === 'none') return undefined;
  if (link.kind === 'invalid') {
    const sentences = [...link.errors.values()].join(' ');
    return { text: `The link could not be used. ${sentences}`, isProblem: true };
  }
  const what = link.setup.study ? 'the set-up and the study' : 'the set-up';
  return { text: `The link filled ${what}. Nothing has started.`, isProblem: false };
}

function open(): void {
  const link = decodeHash(location.hash);
  if (link.kind === 'setup') {
    setupActions.load(link.setup.experiment);
    if (link.setup.study) {
      studyActions.load([link.setup.study]);
      viewActions.setTab('study');
    }
  }
  // A reload brings back what was there, which needs no word.
  const isReload = performance.getEntriesByType('navigation').some(isReloadEntry);
  if (link.kind === 'invalid' || !isReload) viewActions.setLinkNote(linkNote(link));
}

function isReloadEntry(entry: PerformanceEntry): boolean {
  return entry instanceof PerformanceNavigationTiming && entry.type === 'reload';
}

/** Keeps set-up and address equal: a link that is opened fills the set-up and never starts anything. */
export function useLink(): void {
  useEffect(() => {
    open();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let written = location.hash;
    const write = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        written = encodeHash(sharedNow());
        if (written !== location.hash) history.replaceState(null, '', written);
      }, REST_MS);
    };
    const read = (): void => {
      if (location.hash !== written) open();
    };
    const stops = [useSetup.subscribe(write), useStudy.subscribe(write)];
    addEventListener('hashchange', read);
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
      removeEventListener('hashchange', read);
    };
  }, []);
}
