import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { Icon } from '#ui/parts/Icon.tsx';

interface DropZoneProps {
  readonly isBusy: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** Takes CIFAR-10 files by drop or through the file dialog. */
export function DropZone({ isBusy, onFiles }: DropZoneProps): ReactNode {
  const [isOver, setIsOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div
      className={isOver ? 'drop-zone is-over' : 'drop-zone'}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        const files = [...event.dataTransfer.files];
        if (files.length > 0 && !isBusy) onFiles(files);
      }}
    >
      <div>
        <strong>CIFAR-10 from your disk</strong>
        <p className="field-help">
          Drop <code>cifar-10-binary.tar.gz</code> here, or its <code>.bin</code> files. It is read in this
          page and goes nowhere else. The archive comes from cs.toronto.edu/~kriz/cifar.html (“binary
          version”, 162 MB).
        </p>
      </div>
      <input
        ref={input}
        className="visually-hidden"
        type="file"
        multiple
        accept=".gz,.tgz,.tar,.bin"
        aria-label="CIFAR-10 files"
        tabIndex={-1}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same file can be chosen again after an error.
          event.target.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      <button type="button" className="button" disabled={isBusy} onClick={() => input.current?.click()}>
        <Icon name="upload" />
        Choose files
      </button>
    </div>
  );
}
