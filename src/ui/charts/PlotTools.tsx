import type { ReactNode, RefObject } from 'react';
import { viewActions } from '#ui/state/viewStore.ts';
import { saveChart } from './exportChart.ts';
import type { ChartFormat } from './exportChart.ts';

interface PlotToolsProps {
  readonly title: string;
  readonly figure: RefObject<HTMLElement | null>;
  readonly isTable: boolean;
  readonly onTable: (isTable: boolean) => void;
  /** Undefined where everything is shown. */
  readonly onResetZoom: (() => void) | undefined;
  /** Undefined where the vertical axis has one scale only, or a switch elsewhere. */
  readonly logY: LogSwitch | undefined;
}

/** A switch between the two scales of an axis. */
export interface LogSwitch {
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** The small buttons at the head of a chart. */
export function PlotTools({ title, figure, isTable, onTable, onResetZoom, logY }: PlotToolsProps): ReactNode {
  const save = (format: ChartFormat): void => {
    if (!figure.current) return;
    saveChart(figure.current, title, format).catch((error: unknown) => {
      viewActions.announce(`The chart could not be saved: ${String(error)}`);
    });
  };
  return (
    <span className="plot-tools">
      {onResetZoom && (
        <button type="button" className="plot-tool" onClick={onResetZoom}>
          Reset zoom
        </button>
      )}
      {logY && (
        <button
          type="button"
          className="plot-tool"
          aria-pressed={logY.isOn}
          aria-label={`Logarithmic axis of ${title}`}
          onClick={() => logY.onChange(!logY.isOn)}
        >
          Log y
        </button>
      )}
      <button
        type="button"
        className="plot-tool"
        aria-pressed={isTable}
        aria-label={`${isTable ? 'Hide' : 'Show'} ${title} as table`}
        onClick={() => onTable(!isTable)}
      >
        Table
      </button>
      {(['svg', 'png'] as const).map((format) => (
        <button
          key={format}
          type="button"
          className="plot-tool"
          aria-label={`Save ${title} as ${format.toUpperCase()}`}
          onClick={() => save(format)}
        >
          {format.toUpperCase()}
        </button>
      ))}
    </span>
  );
}
