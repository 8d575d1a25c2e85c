import { useState } from 'react';
import type { ReactNode } from 'react';
import type { FinderRecord } from '#client/runRecord.ts';
import { formatCount } from '#ui/format.ts';
import { ExportMenu } from '#ui/panels/compare/ExportMenu.tsx';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { useOutcome } from '#ui/parts/useOutcome.tsx';

type Which = 'drawn' | 'all';

/** Files of the finders that are drawn, or of every kept one. */
export function FinderFiles(props: {
  readonly drawn: readonly FinderRecord[];
  readonly finders: readonly FinderRecord[];
}): ReactNode {
  const { drawn, finders } = props;
  const [chosen, choose] = useState<Which>('drawn');
  const { attempt, outcome } = useOutcome();
  if (finders.length === 0) return null;
  const isChoice = drawn.length > 0 && drawn.length < finders.length;
  const which = isChoice ? chosen : 'all';
  return (
    <section className="section-head finder-files" aria-label="Files of finders">
      <h3>Files of finders</h3>
      {isChoice && (
        <Segmented
          label="Which finders"
          isLabelHidden
          options={[
            { value: 'drawn', label: `${formatCount(drawn.length)} drawn` },
            { value: 'all', label: `all ${formatCount(finders.length)}` },
          ]}
          value={which}
          onChange={choose}
        />
      )}
      <ExportMenu runs={which === 'drawn' ? drawn : finders} attempt={attempt} />
      {outcome}
    </section>
  );
}
