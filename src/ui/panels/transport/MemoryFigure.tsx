import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import type { Requests } from '#protocol/messages.ts';
import { formatBytes, formatCount } from '#ui/format.ts';
import { useClient, useClientState } from '#ui/state/client.ts';

const INTERVAL_MS = 2000;

/** What the runs hold on the GPU: a leak would show as growth. */
export function MemoryFigure(): ReactNode {
  const memory = useMemory();
  const backend = useClientState(({ connection }) =>
    connection.status === 'ready' ? connection.device.backend : 'webgpu',
  );
  const what = backend === 'webgl' ? 'tensors' : 'buffers';
  return (
    <div className="transport-memory" title={`GPU memory that the network takes, and its ${what}`}>
      <dt>{memory ? `${formatCount(memory.objects)} ${what}` : 'memory'}</dt>
      <dd>{memory ? formatBytes(memory.gpuBytes) : '–'}</dd>
    </div>
  );
}

function useMemory(): Requests['memory']['response'] | undefined {
  const client = useClient();
  const [memory, setMemory] = useState<Requests['memory']['response']>();
  useEffect(() => {
    let isCurrent = true;
    const ask = (): void => {
      client.memory().then(
        (answer) => isCurrent && setMemory(answer),
        // The worker was lost, which the page says elsewhere.
        () => undefined,
      );
    };
    ask();
    const timer = setInterval(ask, INTERVAL_MS);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [client]);
  return memory;
}
