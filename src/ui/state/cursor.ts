import { create } from 'zustand';

/** Charts of one group share their cursor: they have the same horizontal axis. */
export type CursorGroup = 'train' | 'finder' | 'compare';

interface CursorState {
  readonly group: CursorGroup | undefined;
  /** Position in the unit of the group's axis. */
  readonly x: number;
  /** The chart under the pointer or with the focus. */
  readonly owner: string;
  move: (group: CursorGroup, x: number, owner: string) => void;
  leave: (owner: string) => void;
}

/** Only the cursor layers of charts subscribe to this, so that the pointer never redraws lines. */
export const useCursor = create<CursorState>()((set) => ({
  group: undefined,
  x: 0,
  owner: '',
  move: (group, x, owner) => set({ group, x, owner }),
  leave: (owner) => set((state) => (state.owner === owner ? { group: undefined, owner: '' } : state)),
}));

/** The actions of the store, for event handlers; they never change. */
export const cursorActions: Pick<CursorState, 'move' | 'leave'> = useCursor.getState();
