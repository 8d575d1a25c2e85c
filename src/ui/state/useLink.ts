import { useEffect } from 'react';
import { isSameRamp } from '#analysis/question.ts';
import { questionSize } from '#analysis/questions.ts';
import type { ClientState } from '#client/clientState.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { defaultFinderSettings } from '#domain/run.ts';
import type { FinderSettings } from '#domain/run.ts';
import { isSharedData } from '#export/urlData.ts';
import { decodeHash, encodeHash } from '#export/urlState.ts';
import type { SetupFromHash, SharedSetup, SharedStudy } from '#export/urlState.ts';
import type { TrainingClient } from '#client/trainingClient.ts';
import { fileBesidePage, openRunFiles } from '#ui/openFiles.ts';
import { useClient } from './client.ts';
import { setupActions, useSetup } from './setupStore.ts';
import { studyActions, useStudy } from './studyStore.ts';
import { useView, viewActions } from './viewStore.ts';

/** Typing changes the address when it rests, not at every key. */
const REST_MS = 400;

/** What the address should carry now: the set-up, the studies that have arms, and the data. */
function sharedNow({ dataset }: Pick<ClientState, 'dataset'>): SharedSetup {
  const { plans, active } = useStudy.getState();
  const { experiment, rateReason, finder, options } = useSetup.getState();
  const studies = plans.filter((plan) => plan.arms.length > 0);
  return {
    experiment,
    rateReason,
    finder: isDefaultRamp(finder) ? undefined : finder,
    options,
    studies,
    active: Math.max(0, studies.indexOf(plans[active]!)),
    // Data that a link asks for stay asked for while others are loaded.
    data: useView.getState().linkData ?? dataset.info,
  };
}

function isDefaultRamp(ramp: FinderSettings): boolean {
  return isSameRamp(ramp, defaultFinderSettings);
}

/** A link, and whether it lacks the studies of its set-up: they are too large for an address. */
export interface Link {
  readonly href: string;
  readonly lacksStudies: boolean;
}

/** The hash of a set-up; without its studies where they are too large for an address. */
export function linkOf(setup: SharedSetup): Link {
  const href = encodeHash(setup);
  return decodeHash(href).kind === 'setup'
    ? { href, lacksStudies: false }
    : { href: encodeHash({ ...setup, studies: [], active: 0 }), lacksStudies: true };
}

/** An address that opens what the page is set to. */
export function currentLink(state: Pick<ClientState, 'dataset'>): Link {
  const { href, lacksStudies } = linkOf(sharedNow(state));
  return { href: new URL(href, location.href).href, lacksStudies };
}

/** The hash of the set-up that a run was started with, on its data. */
export function hashOfRun(run: RunRecord): string {
  const { experiment, rateReason, options, datasetTitle: title, datasetHash: hash } = run;
  const finder = run.kind === 'finder' && !isDefaultRamp(run.settings) ? run.settings : undefined;
  return encodeHash({
    experiment,
    rateReason,
    finder,
    options,
    studies: [],
    active: 0,
    data: { title, hash },
  });
}

/** The studies of a link; links of before carried one of those of a question, which brings its siblings. */
export function plansOfLink({ studies, active }: Pick<SharedSetup, 'studies' | 'active'>): {
  plans: readonly SharedStudy[];
  active: number;
} {
  const [study, ...others] = studies;
  const siblings = (study?.question && questionSize(study.question)?.studies) ?? [];
  if (!study || others.length > 0 || siblings.length < 2) return { plans: studies, active };
  const hashOf = (plan: SharedStudy): string =>
    encodeHash({
      experiment: defaultExperiment(),
      studies: [{ ...plan, title: '' }],
      active: 0,
      data: undefined,
    });
  const index = siblings.findIndex((plan) => hashOf(plan) === hashOf(study));
  return index < 0 ? { plans: studies, active } : { plans: siblings, active: index };
}

/** What to say of a link; undefined where there was none. */
export function linkNote(link: SetupFromHash): { text: string; isProblem: boolean } | undefined {
  if (link.kind === 'none') return undefined;
  if (link.kind === 'invalid') {
    const sentences = [...link.errors.values()].join(' ');
    return { text: `The link could not be used. ${sentences}`, isProblem: true };
  }
  const { length } = link.setup.studies;
  const what =
    length === 0 ? 'the set-up' : `the set-up and ${length === 1 ? 'the study' : `${length} studies`}`;
  return { text: `The link filled ${what}. Nothing has started.`, isProblem: false };
}

/** Opens a file of runs that lies beside the page, and tells what came of it. */
async function openFile(client: TrainingClient, path: string): Promise<void> {
  try {
    const said = await openRunFiles(client, [await fileBesidePage(path)], []);
    viewActions.setTab('compare');
    viewActions.setLinkNote({ text: said, isProblem: false });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    viewActions.setLinkNote({ text: `The runs of the link could not be opened. ${text}`, isProblem: true });
  }
}

function open(client: TrainingClient): void {
  const { dataset } = client.getState();
  const link = decodeHash(location.hash);
  if (link.kind === 'setup') {
    setupActions.load(link.setup.experiment, link.setup.rateReason);
    setupActions.setOptions(link.setup.options ?? {});
    setupActions.setFinder(link.setup.finder ?? defaultFinderSettings);
    const { data } = link.setup;
    const isLoaded = data && dataset.info && isSharedData(data, dataset.info);
    viewActions.setLinkData(isLoaded ? undefined : data);
    if (link.setup.studies.length > 0) {
      const { plans, active } = plansOfLink(link.setup);
      studyActions.load(plans, active);
      viewActions.setTab('study');
    }
  }
  if (link.kind === 'setup' && link.setup.file !== undefined) void openFile(client, link.setup.file);
  // A reload brings back what was there, which needs no word.
  const isReload = performance.getEntriesByType('navigation').some(isReloadEntry);
  if (link.kind === 'invalid' || !isReload) viewActions.setLinkNote(linkNote(link));
}

function isReloadEntry(entry: PerformanceEntry): boolean {
  return entry instanceof PerformanceNavigationTiming && entry.type === 'reload';
}

/** Keeps set-up and address equal: a link that is opened fills the set-up and never starts anything. */
export function useLink(): void {
  const client = useClient();
  useEffect(() => {
    open(client);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let written = location.hash;
    const write = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        written = linkOf(sharedNow(client.getState())).href;
        if (written !== location.hash) history.replaceState(null, '', written);
      }, REST_MS);
    };
    const read = (): void => {
      if (location.hash !== written) open(client);
    };
    let { info } = client.getState().dataset;
    const follow = (): void => {
      const before = info;
      ({ info } = client.getState().dataset);
      if (!info || info === before) return;
      const { linkData } = useView.getState();
      if (linkData && isSharedData(linkData, info)) viewActions.setLinkData(undefined);
      // A page that is opened without a link, on the data it had last, keeps its plain address.
      if (before) write();
    };
    const stops = [
      useSetup.subscribe(write),
      useStudy.subscribe(write),
      useView.subscribe(({ linkData }, before) => {
        if (before.linkData && !linkData) write();
      }),
      client.subscribe(follow),
    ];
    addEventListener('hashchange', read);
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
      removeEventListener('hashchange', read);
    };
  }, [client]);
}
