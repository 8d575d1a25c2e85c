import type { ReactNode } from 'react';
import { formatCount } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';

interface PagerProps {
  /** First item shown, from 0. */
  readonly offset: number;
  /** Items shown. */
  readonly count: number;
  readonly total: number | undefined;
  readonly isLast: boolean;
  readonly onStep: (by: -1 | 1) => void;
}

/** Which part of a list is shown, and the way to the next. */
export function Pager({ offset, count, total, isLast, onStep }: PagerProps): ReactNode {
  return (
    <div className="pager">
      <button
        type="button"
        className="button is-quiet is-icon"
        aria-label="Previous page"
        disabled={offset === 0}
        onClick={() => onStep(-1)}
      >
        <Icon name="previous" />
      </button>
      <span className="pager-text">
        {count === 0 ? '0' : `${formatCount(offset + 1)}–${formatCount(offset + count)}`}
        {total === undefined ? '' : ` of ${formatCount(total)}`}
      </span>
      <button
        type="button"
        className="button is-quiet is-icon"
        aria-label="Next page"
        disabled={isLast}
        onClick={() => onStep(1)}
      >
        <Icon name="next" />
      </button>
    </div>
  );
}
