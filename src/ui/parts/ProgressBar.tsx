import { Progress } from '@base-ui/react/progress';
import type { ReactNode } from 'react';

/** A bar from 0 to `total`; unknown totals show as a moving bar. */
export function ProgressBar(props: { label: string; done: number; total: number; text?: string }): ReactNode {
  const isKnown = props.total > 0;
  return (
    <Progress.Root
      className={isKnown ? 'progress' : 'progress is-unknown'}
      value={isKnown ? Math.min(100, (100 * props.done) / props.total) : null}
      aria-label={props.label}
      {...(props.text === undefined ? {} : { 'aria-valuetext': props.text })}
    >
      <Progress.Track className="progress-track">
        <Progress.Indicator className="progress-fill" />
      </Progress.Track>
    </Progress.Root>
  );
}
