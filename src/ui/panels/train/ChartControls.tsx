import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { FASTAI_WINDOW } from '#ui/charts/metricCache.ts';
import { xUnits } from '#ui/charts/xUnit.ts';
import { formatCount } from '#ui/format.ts';
import { FreezeToggle } from '#ui/parts/FreezeToggle.tsx';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import type { ChartChoice } from './oneChart.ts';

/** The longest moving average of the slider, which is logarithmic. */
const LONGEST_WINDOW = { steps: 5_000, images: 100_000 } as const;
const SLIDER_STEPS = 200;
/** What the window becomes when its unit changes; batches of 64 make them about the same. */
const DEFAULT_WINDOW = { steps: FASTAI_WINDOW, images: 6_400 } as const;

const smoothingUnits = [
  { value: 'steps', label: 'steps', title: 'The same number of steps for every run' },
  {
    value: 'images',
    label: 'images',
    title: 'The same number of images for every run, so that batch sizes are smoothed alike',
  },
] as const;

function windowAt(position: number, longest: number): number {
  return Math.round(longest ** (position / SLIDER_STEPS));
}

function positionOf(window: number, longest: number): number {
  return Math.round((Math.log(window) / Math.log(longest)) * SLIDER_STEPS);
}

/**
 * What rules all charts of runs, in view while they scroll. On a narrow screen that is the choice of the chart, and
 * the switches come on demand.
 */
export function ChartControls({ choice }: { choice: ChartChoice }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  if (choice.shown === undefined) {
    return (
      <div className="chart-controls">
        <Switches />
      </div>
    );
  }
  return (
    <div className="chart-controls">
      <Segmented
        label="Chart"
        isLabelHidden
        options={choice.options}
        value={choice.shown}
        onChange={viewActions.setNarrowChart}
      />
      <button
        type="button"
        className="button is-small"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        Axes
      </button>
      {isOpen && <Switches />}
    </div>
  );
}

/** Horizontal unit, smoothing, logarithmic axes, repeats. */
function Switches(): ReactNode {
  const id = useId();
  const unit = useView((state) => state.xUnit);
  const smoothing = useView((state) => state.smoothing);
  const isLog = useView((state) => state.isLossLog);
  const { setXUnit, setSmoothing, setLossLog, setXLog, setGrouped } = viewActions;
  const smoothingUnit = useView((state) => state.smoothingUnit);
  const isXLog = useView((state) => state.isXLog);
  const isGrouped = useView((state) => state.isGrouped);
  const longest = LONGEST_WINDOW[smoothingUnit];
  const text = smoothing <= 1 ? 'off' : `window ≈ ${formatCount(smoothing)} ${smoothingUnit}`;
  return (
    <>
      <Segmented label="X axis" isLabelHidden options={xUnits} value={unit} onChange={setXUnit} />
      <div className="slider">
        <label htmlFor={id}>Smoothing</label>
        <input
          id={id}
          type="range"
          min={0}
          max={SLIDER_STEPS}
          value={positionOf(smoothing, longest)}
          aria-valuetext={text}
          onChange={(event) => setSmoothing(windowAt(Number(event.target.value), longest))}
        />
        <output htmlFor={id} title="Length of the moving average; fastai shows 99 steps">
          {text}
        </output>
      </div>
      <Segmented
        label="Smoothing in"
        isLabelHidden
        options={smoothingUnits}
        value={smoothingUnit}
        onChange={(chosen) => setSmoothing(DEFAULT_WINDOW[chosen], chosen)}
      />
      <Toggle label="Log loss" isOn={isLog} onChange={setLossLog} />
      <Toggle label="Log x" isOn={isXLog} onChange={setXLog} />
      <Toggle label="Mean of seeds" isOn={isGrouped} onChange={setGrouped} />
      <FreezeToggle />
    </>
  );
}
