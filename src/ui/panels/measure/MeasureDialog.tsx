import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { NORMS } from '#domain/experiment.ts';
import type { BenchmarkArm, BenchmarkOptions } from '#domain/benchmark.ts';
import type { DeviceInfo } from '#protocol/messages.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { ProgressBar } from '#ui/parts/ProgressBar.tsx';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { useActiveRun, useClient, useClientState } from '#ui/state/client.ts';
import { MeasureReport } from './MeasureReport.tsx';
import { measuringText } from './reportText.ts';

const widths = [8, 16, 32, 64].map((value) => ({ value, label: String(value) }));
const batches = [2, 16, 64, 256].map((value) => ({ value, label: String(value) }));

const BN: BenchmarkArm = { norm: 'bn', ws: false };
const armSets = {
  bn: [BN, { norm: 'bn', ws: true }],
  all: NORMS.flatMap((norm) => [
    { norm, ws: false },
    { norm, ws: true },
  ]),
} satisfies Record<string, readonly BenchmarkArm[]>;

type ArmSet = keyof typeof armSets;

/**
 * Times training steps on the user's GPU. A measurement goes on while the dialog is closed, and its report
 * stays for the visit.
 *
 * @param children what opens the dialog.
 */
export function MeasureDialog({ device, children }: { device: DeviceInfo; children: ReactNode }): ReactNode {
  const measurement = useClientState((state) => state.measurement);
  return (
    <Dialog.Root>
      <Dialog.Trigger className="device-button" title="Measure this GPU">
        {children}
        <span className="device-measure">{measurement.going ? 'measuring…' : 'Measure'}</span>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="sheet-backdrop" />
        <Dialog.Popup className="measure">
          <div className="sheet-head">
            <Dialog.Title className="panel-title">Measure this GPU</Dialog.Title>
            <Dialog.Close className="button is-quiet is-icon" aria-label="Close">
              <Icon name="close" />
            </Dialog.Close>
          </div>
          <div className="measure-body">
            <Dialog.Description className="measure-lead">
              Times training steps of a ResNet-18 on one batch, each until its loss is known. Stock
              TensorFlow.js computes the same network from the same numbers.
            </Dialog.Description>
            <MeasureForm isSlow={device.isFallback} />
            {measurement.error && (
              <p className="field-error" role="alert">
                {measurement.error}
              </p>
            )}
            {measurement.report && !measurement.going && <MeasureReport report={measurement.report} />}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function MeasureForm({ isSlow }: { isSlow: boolean }): ReactNode {
  const client = useClient();
  const { going } = useClientState((state) => state.measurement);
  const isRunGoing = useActiveRun() !== undefined;
  const isReady = useClientState((state) => state.connection.status === 'ready');
  const [width, setWidth] = useState(isSlow ? 8 : 64);
  const [batch, setBatch] = useState(isSlow ? 2 : 64);
  const [armSet, setArmSet] = useState<ArmSet>('bn');
  const [hasStock, setHasStock] = useState(true);
  const options: BenchmarkOptions = { width, batch, arms: armSets[armSet], stockArms: hasStock ? [BN] : [] };
  const canStart = isReady && !isRunGoing;
  if (going) return <Going going={going} />;
  return (
    <div className="measure-form">
      <Segmented label="Width" options={widths} value={width} onChange={setWidth} />
      <Segmented label="Batch" options={batches} value={batch} onChange={setBatch} />
      <Segmented<ArmSet>
        label="Normalizations"
        options={[
          { value: 'bn', label: 'BN, BN+WS' },
          { value: 'all', label: 'all six' },
        ]}
        value={armSet}
        onChange={setArmSet}
      />
      <Toggle label="Stock TensorFlow.js with BN" isOn={hasStock} onChange={setHasStock} />
      <div className="measure-actions">
        <button
          type="button"
          className="button is-primary"
          aria-disabled={!canStart}
          onClick={() => canStart && void client.measurement.start(options)}
        >
          <Icon name="play" />
          Start
        </button>
        <span className="measure-note">{note({ isRunGoing, isSlow, hasStock })}</span>
      </div>
    </div>
  );
}

function note(state: { isRunGoing: boolean; isSlow: boolean; hasStock: boolean }): string {
  if (state.isRunGoing) return 'A run is going on: wait for its end or stop it first.';
  if (!state.isSlow) return 'Takes about ten seconds.';
  return state.hasStock
    ? 'Takes a minute or more on a software GPU, most of it stock TensorFlow.js.'
    : 'Takes about half a minute on a software GPU.';
}

type GoingState = NonNullable<ReturnType<typeof useClient>['measurement']['state']['going']>;

function Going({ going: { progress, skipped, options } }: { going: GoingState }): ReactNode {
  const { measurement } = useClient();
  const text = measuringText(progress);
  return (
    <div className="measure-going">
      <p>
        {text}
        {skipped && ' – ends after the step that is going on'}
      </p>
      <ProgressBar
        label="Measurement"
        done={progress?.stage === 'timing' ? progress.done : 0}
        total={progress?.stage === 'timing' ? progress.total : 0}
        text={text}
      />
      <div className="measure-actions">
        <button
          type="button"
          className="button"
          aria-disabled={skipped === 'all'}
          onClick={() => measurement.skip('all')}
        >
          <Icon name="stop" />
          Cancel
        </button>
        {options.stockArms.length > 0 && (
          <button
            type="button"
            className="button"
            aria-disabled={skipped !== undefined}
            onClick={() => skipped ?? measurement.skip('stock')}
          >
            Skip stock TensorFlow.js
          </button>
        )}
      </div>
    </div>
  );
}
