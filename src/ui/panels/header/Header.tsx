import type { ReactNode } from 'react';
import type { Connection } from '#client/clientState.ts';
import { MeasureDialog } from '#ui/panels/measure/MeasureDialog.tsx';
import { Icon } from '#ui/parts/Icon.tsx';
import { useClientState, useRuns } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { QuestionMenu, ShareButton } from './HeaderActions.tsx';
import { KeySheet } from './KeySheet.tsx';

interface HeaderProps {
  /** Which side panels are sheets at this width and need a button. */
  readonly hasSetupButton: boolean;
  readonly hasRunsButton: boolean;
}

export function Header({ hasSetupButton, hasRunsButton }: HeaderProps): ReactNode {
  const connection = useClientState((state) => state.connection);
  const runCount = useRuns().length;
  const { openSheet } = viewActions;
  return (
    <header className="header">
      <div className="brand">
        <svg className="brand-mark" viewBox="0 0 32 20" aria-hidden="true">
          <path d="M1 18C10 18 10 3 16 3s6 15 15 15" className="brand-curve" />
          <path d="M3 5C10 5 12 16 29 16" className="brand-dash" />
        </svg>
        <h1>NormLab</h1>
        <p className="brand-line">what normalization does to the training of a ResNet-18</p>
      </div>
      <QuestionMenu />
      <DeviceBadge connection={connection} />
      <ShareButton />
      <KeySheet />
      {hasSetupButton && (
        <button type="button" className="button is-small" onClick={() => openSheet('setup')}>
          <Icon name="sliders" />
          Set-up
        </button>
      )}
      {hasRunsButton && (
        <button type="button" className="button is-small" onClick={() => openSheet('runs')}>
          <Icon name="list" />
          {`Runs (${runCount})`}
        </button>
      )}
    </header>
  );
}

/** Names what computes, and how good that is. */
function DeviceBadge({ connection }: { connection: Connection }): ReactNode {
  const { tone, kind, name } = describe(connection);
  const badge = (
    <>
      <i className="device-light" aria-hidden="true" />
      <span className="device-kind">{kind}</span>
      {name && <span className="device-name">{name}</span>}
    </>
  );
  return (
    <div className={`device is-${tone}`} role="group" aria-label="Device" title={name}>
      {connection.status === 'ready' && connection.device.backend === 'webgpu' ? (
        <MeasureDialog device={connection.device}>{badge}</MeasureDialog>
      ) : (
        badge
      )}
    </div>
  );
}

function describe(connection: Connection): {
  tone: 'ok' | 'slow' | 'bad' | 'wait';
  kind: string;
  name: string;
} {
  switch (connection.status) {
    case 'starting':
      return { tone: 'wait', kind: 'Looking for the GPU…', name: '' };
    case 'unsupported':
      return { tone: 'bad', kind: 'Unsupported', name: 'no WebGPU and no WebGL' };
    case 'failed':
      return { tone: 'bad', kind: 'Stopped', name: '' };
    case 'ready': {
      const { backend, isFallback, title } = connection.device;
      if (backend === 'webgl') return { tone: 'slow', kind: 'WebGL fallback', name: title };
      return isFallback
        ? { tone: 'slow', kind: 'Software GPU: slow', name: title }
        : { tone: 'ok', kind: 'WebGPU', name: title };
    }
    default:
      return connection satisfies never;
  }
}
