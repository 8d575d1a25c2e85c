import { memo, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { firstLayerOut } from '#analysis/layerRange.ts';
import type { LayerHistory, LayerMeasure } from '#domain/layerHistory.ts';
import { formatCount, formatTick } from '#ui/format.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { RAMP, recorderImage } from './recorderImage.ts';

const ROW_HEIGHT = 13;

const measures: readonly { readonly value: LayerMeasure; readonly label: string; readonly title: string }[] =
  [
    { value: 'gradientNorm', label: 'Gradient', title: 'L2 norm of the gradient of the filter' },
    { value: 'relativeUpdate', label: 'Update', title: '‖Δw‖ / ‖w‖ of the filter in this step' },
    {
      value: 'largestActivation',
      label: 'Activation',
      title: 'Largest magnitude of the output of the convolution, before normalization',
    },
    {
      value: 'smallestDeviation',
      label: 'Deviation',
      title: 'Smallest standard deviation that a norm divides by',
    },
  ];

/** What every layer did in the last samples before the end, and which of them left its range first. */
export const RecorderStrip = memo(function RecorderStrip({ history }: { history: LayerHistory }): ReactNode {
  const exit = useMemo(() => firstLayerOut(history), [history]);
  const [chosen, choose] = useState<LayerMeasure>();
  const measure = chosen ?? exit?.measure ?? 'gradientNorm';
  const canvas = useRef<HTMLCanvasElement>(null);
  const { layers, steps } = history;
  const { pixels, range } = useMemo(() => recorderImage(history, measure), [history, measure]);
  const isEmpty = steps.length === 0 || layers.length === 0;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || isEmpty) return;
    context.putImageData(new ImageData(pixels, steps.length, layers.length), 0, 0);
  });
  if (isEmpty) return null;
  const name = measures.find(({ value }) => value === measure)!.label.toLowerCase();
  return (
    <figure className="recorder" aria-label="Divergence recorder">
      <div className="recorder-measures">
        <Segmented label="Measure" isLabelHidden options={measures} value={measure} onChange={choose} />
        <span className="field-help">
          {`steps ${formatCount(steps[0]! + 1)} to ${formatCount(steps.at(-1)! + 1)}, ${steps.length} samples`}
        </span>
      </div>
      <p>{exit ? exitText(exit) : 'No layer left its range before the end, as far as was recorded.'}</p>
      <div className="recorder-canvas" style={{ height: layers.length * ROW_HEIGHT }}>
        <div className="recorder-layers" aria-hidden="true">
          {layers.map((layer, i) => (
            <span
              key={layer}
              className={i === exit?.layerIndex ? 'is-out' : undefined}
              style={{ top: (i + 0.5) * ROW_HEIGHT }}
            >
              {layer}
            </span>
          ))}
        </div>
        <canvas
          ref={canvas}
          width={steps.length}
          height={layers.length}
          style={{ height: layers.length * ROW_HEIGHT }}
          role="img"
          aria-label={`${name} of ${layers.length} layers over ${steps.length} samples${exit ? `. ${exitText(exit)}` : ''}`}
        />
        {exit && (
          <i
            className="recorder-mark"
            style={{
              left: `${(100 * (exit.sample + 0.5)) / steps.length}%`,
              top: (exit.layerIndex + 0.5) * ROW_HEIGHT,
            }}
          />
        )}
      </div>
      <div className="recorder-scale">
        {range ? (
          <>
            {formatTick(Number(range[0].toPrecision(2)))}
            <svg className="recorder-ramp" viewBox="0 0 5 1" preserveAspectRatio="none" aria-hidden="true">
              {RAMP.map((colour, i) => (
                <rect key={colour.join()} x={i} width="1.02" height="1" fill={`rgb(${colour.join(' ')})`} />
              ))}
            </svg>
            {formatTick(Number(range[1].toPrecision(2)))}
            <span>logarithmic; red: not a number</span>
          </>
        ) : (
          'Nothing was measured: this network has no normalization.'
        )}
      </div>
    </figure>
  );
});

function exitText(exit: NonNullable<ReturnType<typeof firstLayerOut>>): string {
  const measure = measures.find(({ value }) => value === exit.measure)!.label.toLowerCase();
  const far = Number.isFinite(exit.score)
    ? `${Math.abs(exit.score).toFixed(1)} deviations ${exit.score > 0 ? 'above' : 'below'} its recent past`
    : 'not a number any more';
  return `${exit.layer} left its range first: ${measure} at step ${formatCount(exit.step + 1)}, ${far}.`;
}
