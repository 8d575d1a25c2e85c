import { useId } from 'react';
import type { ReactNode } from 'react';
import { xUnits } from '#ui/charts/xUnit.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { useView, viewActions } from '#ui/state/viewStore.ts';

/** Window of the moving average at both ends of the slider, in steps; between them on a log scale. */
const LONGEST_WINDOW = 5000;
const SLIDER_STEPS = 200;

function windowOf(position: number): number {
  return Math.round(LONGEST_WINDOW ** (position / SLIDER_STEPS));
}

function positionOf(window: number): number {
  return Math.round((Math.log(window) / Math.log(LONGEST_WINDOW)) * SLIDER_STEPS);
}

/** One line that rules all training charts: horizontal unit, smoothing, log loss. */
export function ChartControls(): ReactNode {
  const id = useId();
  const unit = useView((state) => state.xUnit);
  const smoothing = useView((state) => state.smoothing);
  const isLog = useView((state) => state.isLossLog);
  const { setXUnit, setSmoothing, setLossLog } = viewActions;
  const text = smoothing <= 1 ? 'off' : `${Math.round(smoothing)} steps`;
  return (
    <div className="chart-controls">
      <Segmented label="X axis" isLabelHidden options={xUnits} value={unit} onChange={setXUnit} />
      <div className="slider">
        <label htmlFor={id}>Smoothing</label>
        <input
          id={id}
          type="range"
          min={0}
          max={SLIDER_STEPS}
          value={positionOf(smoothing)}
          aria-valuetext={text}
          onChange={(event) => setSmoothing(windowOf(Number(event.target.value)))}
        />
        <output htmlFor={id} title="Length of the moving average; fastai shows 99 steps">
          {text}
        </output>
      </div>
      <Toggle label="Log loss" isOn={isLog} onChange={setLossLog} />
    </div>
  );
}
