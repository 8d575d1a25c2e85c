import { useCallback, useState } from 'react';
import type { ReactNode } from 'react';
import type { DatasetInfo } from '#domain/dataset.ts';
import type { SampleImages } from '#protocol/messages.ts';
import { useClient } from '#ui/state/client.ts';
import { Pager } from './Pager.tsx';
import { SampleImage } from './SampleImage.tsx';
import { useDatasetStatistics } from './useDatasetStatistics.ts';
import { usePage } from './usePage.ts';

const PAGE = 40;

interface SampleGridProps {
  readonly info: DatasetInfo;
  readonly half: 'train' | 'valid';
  readonly switcher: ReactNode;
}

/** Pages through one half of the set, all of it or one class. */
export function SampleGrid({ info, half, switcher }: SampleGridProps): ReactNode {
  const { data } = useClient();
  const [label, setLabel] = useState<number | undefined>();
  const [page, setPage] = useState(0);
  const request = useCallback(
    (offset: number): Promise<SampleImages> => data.sampleImages({ half, offset, count: PAGE, label }),
    [data, half, label],
  );
  const { shown, problem } = usePage(page * PAGE, request);
  const statistics = useDatasetStatistics(info.hash);
  const total = totalOf(info, half, label, statistics?.valid.histogram);
  const count = shown?.images.labels.length ?? 0;
  return (
    <>
      <div className="samples-controls">
        {switcher}
        <label className="inline-field">
          Class
          <select
            value={label ?? ''}
            onChange={(event) => {
              setLabel(event.target.value === '' ? undefined : Number(event.target.value));
              setPage(0);
            }}
          >
            <option value="">all</option>
            {info.classNames.map((name, index) => (
              <option key={name} value={index}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <Pager
          offset={shown?.offset ?? 0}
          count={count}
          total={total}
          isLast={total === undefined ? count < PAGE : (page + 1) * PAGE >= total}
          onStep={(by) => setPage(Math.max(0, page + by))}
        />
      </div>
      {problem && <p className="field-error">{problem}</p>}
      <ul className="sample-grid">
        {Array.from({ length: PAGE }, (_, index) => {
          const imageLabel = shown?.images.labels[index];
          if (imageLabel === undefined || !shown) {
            return <li key={index} className="sample is-missing" aria-hidden="true" />;
          }
          const name = info.classNames[imageLabel] ?? String(imageLabel);
          return (
            <li key={index} className="sample">
              <SampleImage images={shown.images} index={index} />
              <span title={name}>{name}</span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** Images to page through; undefined while those of a class are not counted. */
function totalOf(
  info: DatasetInfo,
  half: 'train' | 'valid',
  label: number | undefined,
  validHistogram: readonly number[] | undefined,
): number | undefined {
  if (label === undefined) return half === 'train' ? info.trainCount : info.validCount;
  return (half === 'train' ? info.trainHistogram : validHistogram)?.[label];
}
