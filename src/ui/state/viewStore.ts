import { create } from 'zustand';
import { FASTAI_WINDOW } from '#ui/charts/metricCache.ts';
import type { XUnit } from '#ui/charts/xUnit.ts';
import type { FrozenRuns } from './frozenRuns.ts';
import type { SharedData } from '#export/urlData.ts';
import { setZoom } from './zoom.ts';

export type Tab = 'data' | 'study' | 'find' | 'train' | 'compare';

/** Charts of runs, of which a narrow screen shows one at a time. */
export type ChartName = 'loss' | 'difference' | 'paired' | 'accuracy' | 'rate' | 'momentum';

interface ViewState {
  readonly tab: Tab;
  readonly xUnit: XUnit;
  /** Length of the moving average of the loss, in `smoothingUnit`. */
  readonly smoothing: number;
  readonly smoothingUnit: 'steps' | 'images';
  readonly isXLog: boolean;
  /** Runs that differ in nothing but the seed are drawn as their mean and their range. */
  readonly isGrouped: boolean;
  /** The run that the others are measured against. */
  readonly baseline: string | undefined;
  /** More curves than can be told apart are drawn all the same. */
  readonly drawsAll: boolean;
  readonly isLossLog: boolean;
  /** Show every loss, even where a few large ones flatten the rest. */
  readonly showsAllLosses: boolean;
  readonly narrowChart: ChartName;
  /** Set while the charts are frozen; training goes on. */
  readonly frozen: FrozenRuns | undefined;
  /** The screen is kept on while something trains. */
  readonly keepsAwake: boolean;
  /** The list of keys is open. */
  readonly showsKeys: boolean;
  /** Ids of runs that are off the charts. */
  readonly hidden: readonly string[];
  /** The run whose table and suggestions are shown; undefined follows the newest. */
  readonly selected: { readonly train: string | undefined; readonly finder: string | undefined };
  /** The sheet that is open on a narrow screen. */
  readonly sheet: 'setup' | 'runs' | undefined;
  /** The note about a slow device was read. */
  readonly isDeviceNoteRead: boolean;
  /** What became of the link that the page was opened with. */
  readonly linkNote: { readonly text: string; readonly isProblem: boolean } | undefined;
  /** The data that a link asks for, while they are not those that are loaded. */
  readonly linkData: SharedData | undefined;
  /** Spoken by screen readers; a new object each time, so that equal sentences are spoken again. */
  readonly announcement: { readonly text: string };
}

interface ViewActions {
  setTab: (tab: Tab) => void;
  setXUnit: (unit: XUnit) => void;
  setSmoothing: (window: number, unit?: 'steps' | 'images') => void;
  setXLog: (isLog: boolean) => void;
  toggleXLog: () => void;
  setGrouped: (isGrouped: boolean) => void;
  /** Undefined pins none. */
  setBaseline: (runId: string | undefined) => void;
  setDrawsAll: (drawsAll: boolean) => void;
  setLossLog: (isLog: boolean) => void;
  toggleLossLog: () => void;
  setShowsAllLosses: (showsAll: boolean) => void;
  setNarrowChart: (name: ChartName) => void;
  setFrozen: (frozen: FrozenRuns | undefined) => void;
  setKeepsAwake: (keepsAwake: boolean) => void;
  setShowsKeys: (showsKeys: boolean) => void;
  toggleHidden: (runId: string) => void;
  select: (kind: 'train' | 'finder', runId: string | undefined) => void;
  openSheet: (sheet: 'setup' | 'runs' | undefined) => void;
  markDeviceNoteRead: () => void;
  setLinkNote: (note: ViewState['linkNote']) => void;
  setLinkData: (data: SharedData | undefined) => void;
  announce: (text: string) => void;
}

/** What is visible of the charts of runs was said on another axis. */
function resetZoom(): void {
  for (const group of ['train', 'compare'] as const) setZoom(group, undefined);
}

export const useView = create<ViewState & ViewActions>()((set, get) => ({
  tab: 'find',
  xUnit: 'step',
  smoothing: FASTAI_WINDOW,
  smoothingUnit: 'steps',
  isXLog: false,
  isGrouped: true,
  baseline: undefined,
  drawsAll: false,
  isLossLog: false,
  showsAllLosses: false,
  narrowChart: 'loss',
  frozen: undefined,
  keepsAwake: false,
  showsKeys: false,
  hidden: [],
  selected: { train: undefined, finder: undefined },
  sheet: undefined,
  isDeviceNoteRead: false,
  linkNote: undefined,
  linkData: undefined,
  announcement: { text: '' },
  setTab: (tab) => set({ tab }),
  setXUnit: (xUnit) => {
    resetZoom();
    set({ xUnit });
  },
  setSmoothing: (smoothing, unit) =>
    set((state) => ({ smoothing, smoothingUnit: unit ?? state.smoothingUnit })),
  setXLog: (isXLog) => {
    resetZoom();
    set({ isXLog });
  },
  toggleXLog: () => get().setXLog(!get().isXLog),
  setGrouped: (isGrouped) => set({ isGrouped }),
  setBaseline: (baseline) => set({ baseline }),
  setDrawsAll: (drawsAll) => set({ drawsAll }),
  setLossLog: (isLossLog) => set({ isLossLog }),
  toggleLossLog: () => set((state) => ({ isLossLog: !state.isLossLog })),
  setShowsAllLosses: (showsAllLosses) => set({ showsAllLosses }),
  setNarrowChart: (narrowChart) => set({ narrowChart }),
  setFrozen: (frozen) => set({ frozen }),
  setKeepsAwake: (keepsAwake) => set({ keepsAwake }),
  setShowsKeys: (showsKeys) => set({ showsKeys }),
  toggleHidden: (runId) =>
    set((state) => ({
      hidden: state.hidden.includes(runId)
        ? state.hidden.filter((id) => id !== runId)
        : [...state.hidden, runId],
    })),
  select: (kind, runId) => set((state) => ({ selected: { ...state.selected, [kind]: runId } })),
  openSheet: (sheet) => set({ sheet }),
  markDeviceNoteRead: () => set({ isDeviceNoteRead: true }),
  setLinkNote: (linkNote) => set({ linkNote }),
  setLinkData: (linkData) => set({ linkData }),
  announce: (text) => set({ announcement: { text } }),
}));

/** The actions of the store, for event handlers; they never change. */
export const viewActions: ViewActions = useView.getState();
