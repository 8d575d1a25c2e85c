import type { ReactNode } from 'react';
import type { RunStyle } from '#ui/charts/palette.ts';
import { Swatch } from '#ui/parts/Swatch.tsx';
import { viewActions } from '#ui/state/viewStore.ts';

interface DrawnCellProps {
  readonly runId: string;
  /** As it is spoken. */
  readonly name: string;
  readonly style: RunStyle;
  readonly isHidden: boolean;
}

/** The cell of a table that shows how a run is drawn, and hides it. */
export function DrawnCell({ runId, name, style, isHidden }: DrawnCellProps): ReactNode {
  return (
    <td>
      <label className="cell-drawn">
        <input
          type="checkbox"
          aria-label={`Draw ${name}`}
          checked={!isHidden}
          onChange={() => viewActions.toggleHidden(runId)}
        />
        <Swatch style={style} width={24} />
      </label>
    </td>
  );
}
