import { create } from 'zustand';

/** Charts of one group share their cursor: they have the same horizontal axis. */
export type CursorGroup = 'train' | 'finder' | 'compare';

interface CursorState {
  readonly group: CursorGroup | undefined;
  /** Position in the unit of the group's axis. */
  readonly x: number;
  /** The chart under the pointer or with the focus. */
  readonly owner: string;
  /** It stays where it is until it is let go. */
  readonly isPinned: boolean;
  /** Follows the pointer, unless it is pinned. */
  move: (group: CursorGroup, x: number, owner: string) => void;
  leave: (owner: string) => void;
  /** Moves it, pinned or not. */
  place: (group: CursorGroup, x: number, owner: string) => void;
  /** Pins it there; where it is pinned already, lets it go. */
  togglePin: (group: CursorGroup, x: number, owner: string) => void;
  /** Lets it go, and takes it away. */
  clear: () => void;
}

/** Only the cursor layers of charts subscribe to this, so that the pointer never redraws lines. */
export const useCursor = create<CursorState>()((set) => ({
  group: undefined,
  x: 0,
  owner: '',
  isPinned: false,
  move: (group, x, owner) => set((state) => (state.isPinned ? state : { group, x, owner })),
  leave: (owner) =>
    set((state) => (state.owner === owner && !state.isPinned ? { group: undefined, owner: '' } : state)),
  place: (group, x, owner) => set({ group, x, owner }),
  togglePin: (group, x, owner) => set((state) => ({ group, x, owner, isPinned: !state.isPinned })),
  clear: () => set({ group: undefined, owner: '', isPinned: false }),
}));

/** The actions of the store, for event handlers; they never change. */
export const cursorActions: Pick<CursorState, 'move' | 'leave' | 'place' | 'togglePin' | 'clear'> =
  useCursor.getState();
