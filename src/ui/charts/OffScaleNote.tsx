import type { ReactNode } from 'react';
import { formatCount, formatLoss } from '#ui/format.ts';
import type { OffScale } from './series.ts';

interface OffScaleNoteProps {
  readonly hidden: OffScale;
  readonly showsAll?: boolean;
  /** Absent where the axis shows all that it can. */
  readonly onToggle?: (showsAll: boolean) => void;
  /** What the axis is on otherwise, such as 'Focus on most losses'. */
  readonly focus?: string;
  /** Whether the axis is logarithmic, which has no place for zero. */
  readonly isLog?: boolean;
}

/** How many values the vertical axis of a chart leaves out, and the way to see them. */
export function OffScaleNote({
  hidden,
  showsAll = false,
  onToggle,
  focus,
  isLog = false,
}: OffScaleNoteProps): ReactNode {
  const isCut = hidden.above + hidden.below > 0;
  return (
    <>
      {isCut && <span>{offScaleText(hidden, isLog)}</span>}
      {onToggle && (isCut || showsAll) && (
        <button type="button" className="link" onClick={() => onToggle(!showsAll)}>
          {showsAll ? focus : 'Show all'}
        </button>
      )}
      {hidden.gaps > 0 && <span>{`× ${formatCount(hidden.gaps)} not a number`}</span>}
    </>
  );
}

/** '3 points above, up to 12.4' */
export function offScaleText({ above, below, highest, lowest }: OffScale, isLog = false): string {
  const points = (count: number): string => `${formatCount(count)} ${count === 1 ? 'point' : 'points'}`;
  return [
    above > 0 ? `${points(above)} above, up to ${formatLoss(highest)}` : '',
    below > 0 ? `${points(below)} below, down to ${formatLoss(lowest)}` : '',
    isLog && below > 0 && lowest <= 0 ? 'a logarithmic axis has no place for zero and less' : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}
