import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { formatBytes } from '#ui/format.ts';
import { readWeights, weightsProblem } from '#ui/startWeights.ts';
import { useClientState } from '#ui/state/client.ts';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';

/** Chooses a file whose weights the next runs start from. */
export function StartWeights(): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const weights = useSetup((state) => state.weights);
  const experiment = useSetup((state) => state.experiment);
  const info = useClientState((state) => state.dataset.info);
  const [unreadable, setUnreadable] = useState<string>();
  const problem = unreadable ?? (weights && info && weightsProblem(experiment, info, weights));
  const choose = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      setupActions.setWeights(await readWeights(file));
      setUnreadable(undefined);
    } catch (error) {
      setUnreadable(`“${file.name}”: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return (
    <div className="field start-weights">
      <div className="field-row">
        <span className="field-label">Initial weights</span>
        <button type="button" className="button is-small" onClick={() => input.current?.click()}>
          {weights ? 'Another file…' : 'Start from weights…'}
        </button>
      </div>
      <input
        ref={input}
        type="file"
        hidden
        accept=".safetensors"
        aria-label="File of initial weights"
        onChange={({ target }) => {
          void choose(target.files?.[0]);
          target.value = '';
        }}
      />
      {weights && (
        <div className="field-row">
          <span className="given-weights">{`${weights.name}, ${formatBytes(weights.bytes.length)}`}</span>
          <button
            type="button"
            className="button is-small is-quiet"
            aria-label={`Remove ${weights.name}`}
            onClick={() => {
              setupActions.setWeights(undefined);
              setUnreadable(undefined);
            }}
          >
            Remove
          </button>
        </div>
      )}
      {problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <p className="field-help">
        {weights
          ? 'Runs and finders that are started by themselves begin with these; studies draw theirs from the seed.'
          : 'Drawn from the seed. A safetensors file under torchvision’s names takes their place, such as one from PyTorch.'}
      </p>
    </div>
  );
}
