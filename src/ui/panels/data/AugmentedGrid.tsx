import { useCallback, useState } from 'react';
import type { ReactNode } from 'react';
import type { DatasetInfo } from '#domain/dataset.ts';
import type { SampleImages } from '#protocol/messages.ts';
import { useClient } from '#ui/state/client.ts';
import { useSetup } from '#ui/state/setupStore.ts';
import { Pager } from './Pager.tsx';
import { SampleImage } from './SampleImage.tsx';
import { usePage } from './usePage.ts';

const ROWS = 5;
/** Augmented copies beside each image. */
const VARIANTS = 7;

/** Training images as augmentation makes them: each row is one image, then its copies of the first steps. */
export function AugmentedGrid({ info, switcher }: { info: DatasetInfo; switcher: ReactNode }): ReactNode {
  const { data } = useClient();
  const seed = useSetup((state) => state.experiment.seed);
  const isOn = useSetup((state) => state.experiment.augmentation !== 'none');
  const [page, setPage] = useState(0);
  const request = useCallback(
    (offset: number): Promise<SampleImages> =>
      data.augmentedImages({ seed, offset, count: ROWS, variants: VARIANTS }),
    [data, seed],
  );
  const { shown, problem } = usePage(page * ROWS, request);
  const rows = (shown?.images.labels.length ?? 0) / (1 + VARIANTS);
  return (
    <>
      <div className="samples-controls">
        {switcher}
        <Pager
          offset={shown?.offset ?? 0}
          count={rows}
          total={info.trainCount}
          isLast={(page + 1) * ROWS >= info.trainCount}
          onStep={(by) => setPage(Math.max(0, page + by))}
        />
      </div>
      <p className="field-help augmented-help">
        On the left the image as it is, then as training sees it: with 4 black pixels around it, cropped at a
        random place and mirrored half the time, with the choices of seed {seed}. Augmentation is{' '}
        {isOn ? 'on' : 'off'} in the set-up.
      </p>
      {problem && <p className="field-error">{problem}</p>}
      <ul className="augmented">
        {Array.from({ length: ROWS }, (_, row) => {
          const first = row * (1 + VARIANTS);
          const label = shown?.images.labels[first];
          if (label === undefined || !shown)
            return <li key={row} className="augmented-row is-missing" aria-hidden="true" />;
          return (
            <li key={row} className="augmented-row">
              <span className="augmented-name">{info.classNames[label] ?? label}</span>
              {Array.from({ length: 1 + VARIANTS }, (_unused, copy) => (
                <SampleImage key={copy} images={shown.images} index={first + copy} />
              ))}
            </li>
          );
        })}
      </ul>
    </>
  );
}
