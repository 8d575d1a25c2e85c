import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { formatClock } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { Notice } from '#ui/parts/Notice.tsx';
import { RecordedRuns } from '#ui/panels/runs/RecordedRuns.tsx';
import { useClient, useClientState } from '#ui/state/client.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';

/** What the user should know about the device, with the next step. */
export function DeviceNotices(): ReactNode {
  const client = useClient();
  const isNoteRead = useView((state) => state.isDeviceNoteRead);
  const connection = useClientState((state) => state.connection);
  if (connection.status === 'failed') return <Failed {...connection} />;
  if (connection.status === 'unsupported') {
    return (
      <Notice
        tone="error"
        title="This browser cannot train."
        actions={
          <>
            <RecordedRuns />
            <button type="button" className="button is-small" onClick={() => client.restart()}>
              Try again
            </button>
          </>
        }
      >
        {connection.message} <BrowserAdvice /> You can still look at the data, at recorded runs and at runs
        from files.
      </Notice>
    );
  }
  if (connection.status !== 'ready' || isNoteRead) return null;
  const close = (
    <button
      type="button"
      className="button is-quiet is-icon"
      aria-label="Close this note"
      onClick={viewActions.markDeviceNoteRead}
    >
      <Icon name="close" />
    </button>
  );
  const { device } = connection;
  if (device.backend === 'webgl') {
    return (
      <Notice
        tone="warning"
        actions={close}
        title="No WebGPU here: training runs on WebGL instead, with standard kernels."
      >
        {device.reason} It is several times slower; small widths and batches work best. <BrowserAdvice />
      </Notice>
    );
  }
  if (device.isFallback) {
    return (
      <Notice tone="warning" actions={close} title="Software GPU: training will be very slow.">
        The browser computes on the processor. Results are right all the same; use width 8, and few training
        images (Advanced) to see something soon. If this machine has a GPU, check that hardware acceleration
        is switched on in the browser’s settings.
      </Notice>
    );
  }
  return null;
}

/** The worker or its device is gone. After repeated losses the browser refuses the GPU for a while. */
function Failed(props: { message: string; blockedUntil: number | undefined }): ReactNode {
  const client = useClient();
  const seconds = useSecondsUntil(props.blockedUntil);
  return (
    <Notice
      tone="error"
      title="Training has stopped."
      actions={
        <button type="button" className="button is-small" onClick={() => client.restart()}>
          Restart
        </button>
      }
    >
      {props.message} All curves recorded so far are kept.
      {seconds > 0 && (
        <>
          {' '}
          The GPU was lost twice in a short time: the browser has blocked it for this site for about two
          minutes. <span aria-hidden="true">{`Try again in ${formatClock(1000 * seconds)}.`}</span>
        </>
      )}
    </Notice>
  );
}

/** Whole seconds until a moment, counting down; 0 when it is over or there is none. */
function useSecondsUntil(moment: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (moment === undefined) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [moment]);
  return moment === undefined ? 0 : Math.max(0, Math.ceil((moment - now) / 1_000));
}

function BrowserAdvice(): ReactNode {
  return (
    <>
      WebGPU is in Chrome and Edge 113 or newer (Android: Chrome 121), Safari 26, and Firefox 141 on Windows
      or 145 on Macs with Apple silicon.
      {!globalThis.isSecureContext &&
        ' It also needs a secure address: https, or localhost. This page has neither.'}
    </>
  );
}
