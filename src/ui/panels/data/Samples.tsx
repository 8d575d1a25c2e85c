import { useState } from 'react';
import type { ReactNode } from 'react';
import type { DatasetInfo } from '#domain/dataset.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { AugmentedGrid } from './AugmentedGrid.tsx';
import { SampleGrid } from './SampleGrid.tsx';

const views = [
  { value: 'train', label: 'Training' },
  { value: 'valid', label: 'Validation' },
  { value: 'augmented', label: 'Augmented' },
] as const;

/** The images of a data set with their labels; needs a new key for another set. */
export function Samples({ info }: { info: DatasetInfo }): ReactNode {
  const [view, setView] = useState<(typeof views)[number]['value']>('train');
  const switcher = (
    <Segmented label="Which images" isLabelHidden options={views} value={view} onChange={setView} />
  );
  return (
    <section className="samples" aria-label="Sample images">
      {view === 'augmented' ? (
        <AugmentedGrid info={info} switcher={switcher} />
      ) : (
        <SampleGrid key={view} info={info} half={view} switcher={switcher} />
      )}
    </section>
  );
}
