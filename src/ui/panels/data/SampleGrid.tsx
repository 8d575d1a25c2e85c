import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import type { DatasetInfo } from '#domain/dataset.ts';
import type { SampleImages } from '#protocol/messages.ts';
import { formatCount } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { useClient } from '#ui/state/client.ts';

const PAGE = 40;

const halves = [
  { value: 'train', label: 'Training' },
  { value: 'valid', label: 'Validation' },
] as const;

/** Pages through the images of a data set with their labels; needs a new key for another set. */
export function SampleGrid({ info }: { info: DatasetInfo }): ReactNode {
  const client = useClient();
  const [half, setHalf] = useState<'train' | 'valid'>('train');
  const [label, setLabel] = useState<number | undefined>();
  const [page, setPage] = useState(0);
  const [shown, setShown] = useState<{ images: SampleImages; offset: number } | undefined>();
  const [problem, setProblem] = useState<string | undefined>();

  const offset = page * PAGE;
  useEffect(() => {
    let isCurrent = true;
    client.sampleImages({ half, offset, count: PAGE, label }).then(
      (images) => {
        if (!isCurrent) return;
        setShown({ images, offset });
        setProblem(undefined);
      },
      (error: unknown) => isCurrent && setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, half, offset, label]);

  const total =
    half === 'train'
      ? label === undefined
        ? info.trainCount
        : info.trainHistogram[label]
      : label === undefined
        ? info.validCount
        : undefined;
  const count = shown?.images.labels.length ?? 0;
  const isLast = total === undefined ? count < PAGE : offset + PAGE >= total;
  const go = (to: number): void => setPage(Math.max(0, to));
  return (
    <section className="samples" aria-label="Sample images">
      <div className="samples-controls">
        <Segmented
          label="Half of the data"
          isLabelHidden
          options={halves}
          value={half}
          onChange={(value) => {
            setHalf(value);
            go(0);
          }}
        />
        <label className="inline-field">
          Class
          <select
            value={label ?? ''}
            onChange={(event) => {
              setLabel(event.target.value === '' ? undefined : Number(event.target.value));
              go(0);
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
        <div className="pager">
          <button
            type="button"
            className="button is-quiet is-icon"
            aria-label="Previous page"
            disabled={page === 0}
            onClick={() => go(page - 1)}
          >
            <Icon name="previous" />
          </button>
          <span className="pager-text">
            {count === 0
              ? '0'
              : `${formatCount((shown?.offset ?? 0) + 1)}–${formatCount((shown?.offset ?? 0) + count)}`}
            {total === undefined ? '' : ` of ${formatCount(total)}`}
          </span>
          <button
            type="button"
            className="button is-quiet is-icon"
            aria-label="Next page"
            disabled={isLast}
            onClick={() => go(page + 1)}
          >
            <Icon name="next" />
          </button>
        </div>
      </div>
      {problem && <p className="field-error">{problem}</p>}
      <ul className="sample-grid">
        {Array.from({ length: PAGE }, (_, index) => {
          const imageLabel = shown?.images.labels[index];
          return imageLabel === undefined || !shown ? (
            <li key={index} className="sample is-missing" aria-hidden="true" />
          ) : (
            <li key={index} className="sample">
              <SampleImage images={shown.images} index={index} />
              <span>{info.classNames[imageLabel] ?? imageLabel}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** One image on a canvas of its own size; CSS enlarges it without smoothing. The label beside it names it. */
function SampleImage({ images, index }: { images: SampleImages; index: number }): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { width, height, pixels } = images;
    const size = width * height * 4;
    const image = new ImageData(pixels.slice(index * size, (index + 1) * size), width, height);
    canvas.current?.getContext('2d')?.putImageData(image, 0, 0);
  }, [images, index]);
  return <canvas ref={canvas} width={images.width} height={images.height} aria-hidden="true" />;
}
