import type { ReactNode } from 'react';
import type { DatasetInfo } from '#domain/dataset.ts';
import { formatCount } from '#ui/format.ts';
import { Notice } from '#ui/parts/Notice.tsx';
import { ChannelTable } from './ChannelTable.tsx';

/** From this number on the histogram scrolls. */
const MANY_CLASSES = 20;

/** What the set in use is: size, origin, warnings, classes and channels. */
export function DatasetFacts({ info }: { info: DatasetInfo | undefined }): ReactNode {
  if (!info) return <div className="data-facts" />;
  const isBuiltIn = info.id.startsWith('built-in');
  // A folder's name is its title already.
  const hasSource = info.source !== undefined && info.source !== info.title;
  return (
    <div className="data-facts">
      <h3>{info.title}</h3>
      <p>
        {formatCount(info.trainCount)} training and {formatCount(info.validCount)} validation images, 32 × 32
        RGB, {info.classNames.length} classes.
      </p>
      {info.notes.length > 0 &&
        (isBuiltIn ? (
          <p className="field-help">{info.notes.join(' ')}</p>
        ) : (
          <Notice tone="warning">
            <ul className="data-notes">
              {info.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </Notice>
        ))}
      {(hasSource || info.licence !== undefined) && (
        <p className="field-help">
          {hasSource && `From ${info.source}. `}
          {info.licence}
        </p>
      )}
      <Histogram info={info} />
      <ChannelTable info={info} />
      <p className="field-help" title={info.hash}>
        Fingerprint of all pixels and labels: {info.hash.slice(0, 8)}
      </p>
    </div>
  );
}

function Histogram({ info }: { info: DatasetInfo }): ReactNode {
  const most = Math.max(1, ...info.trainHistogram);
  const table = (
    <table className="histogram" aria-label="Training images per class">
      <tbody>
        {info.classNames.map((name, index) => {
          const count = info.trainHistogram[index] ?? 0;
          return (
            <tr key={name}>
              <th scope="row" title={name}>
                {name}
              </th>
              <td>
                <meter min={0} max={most} value={count} aria-hidden="true" />
                <span className="histogram-count">{formatCount(count)}</span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
  if (info.classNames.length < MANY_CLASSES) return table;
  // What scrolls must be reachable by keyboard.
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="histogram-scroll" role="region" aria-label="Training images per class" tabIndex={0}>
      {table}
    </div>
  );
}
