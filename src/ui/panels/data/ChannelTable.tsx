import type { ReactNode } from 'react';
import type { DatasetInfo, HalfStatistics } from '#domain/dataset.ts';
import { useDatasetStatistics } from './useDatasetStatistics.ts';

const CHANNELS = ['Red', 'Green', 'Blue'] as const;

type Channels = Pick<HalfStatistics, 'mean' | 'deviation'>;

/** Mean and deviation of each colour channel, of pixels scaled to 0 … 1. */
export function ChannelTable({ info }: { info: DatasetInfo }): ReactNode {
  const statistics = useDatasetStatistics(info.hash);
  const rows: readonly (readonly [string, Channels | undefined])[] = [
    ['Training images', statistics?.train],
    ['Validation images', statistics?.valid],
    ['Subtracted and divided by', info],
  ];
  return (
    <table className="channels">
      <caption>Pixels from 0 to 1: mean ± deviation</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">Images</span>
          </th>
          {CHANNELS.map((channel) => (
            <th key={channel} scope="col">
              {channel}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, values]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {CHANNELS.map((channel, index) => (
              <td key={channel}>
                {values ? `${values.mean[index]?.toFixed(3)} ± ${values.deviation[index]?.toFixed(3)}` : '…'}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
