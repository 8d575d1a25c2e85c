import { useEffect } from 'react';
import type { StudyPlan } from '#analysis/question.ts';
import { questionSize } from '#analysis/questions.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { defaultFinderSettings } from '#domain/run.ts';
import type { FinderSettings } from '#domain/run.ts';
import { decodeHash, encodeHash } from '#export/urlState.ts';
import type { SetupFromHash, SharedSetup } from '#export/urlState.ts';
import { setupActions, useSetup } from './setupStore.ts';
import { studyActions, useStudy } from './studyStore.ts';
import { viewActions } from './viewStore.ts';

/** Typing changes the address when it rests, not at every key. */
const REST_MS = 400;

/** What the address should carry now: the set-up, and the study when it has arms. */
function sharedNow(): SharedSetup {
  const { plans, active, finderImages } = useStudy.getState();
  const { experiment, rateReason, finder } = useSetup.getState();
  const plan = plans[active];
  return {
    experiment,
    rateReason,
    finder: isDefaultRamp(finder) ? undefined : finder,
    study: plan && plan.arms.length > 0 ? plan : undefined,
    finderImages,
  };
}

function isDefaultRamp({ start, end, steps }: FinderSettings): boolean {
  const usual = defaultFinderSettings;
  return start === usual.start && end === usual.end && steps === usual.steps;
}

/** The hash of a set-up; without its study where that is too large for an address. */
export function linkOf(setup: SharedSetup): string {
  const hash = encodeHash(setup);
  return decodeHash(hash).kind === 'setup' ? hash : encodeHash({ ...setup, study: undefined });
}

/** The study of a link with its siblings, where it is one of several of a question. */
export function plansOfLink(study: StudyPlan): { plans: readonly StudyPlan[]; active: number } {
  const plans = (study.question && questionSize(study.question)?.studies) ?? [];
  const hashOf = (plan: StudyPlan): string => encodeHash({ experiment: defaultExperiment(), study: plan });
  const active = plans.findIndex((plan) => hashOf(plan) === hashOf(study));
  return active < 0 ? { plans: [study], active: 0 } : { plans, active };
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
    setupActions.load(link.setup.experiment, link.setup.rateReason);
    setupActions.setFinder(link.setup.finder ?? defaultFinderSettings);
    if (link.setup.study) {
      const { plans, active } = plansOfLink(link.setup.study);
      studyActions.load(plans, link.setup.finderImages);
      studyActions.edit(active);
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
        written = linkOf(sharedNow());
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
