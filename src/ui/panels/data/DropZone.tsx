import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import type { DatasetSource } from '#domain/dataset.ts';
import { isForPage } from '#ui/droppedFiles.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { sourceOfChosenFolder, sourceOfDrop } from './chosenFiles.ts';
import { LoadingStatus, useLoading } from './LoadingStatus.tsx';

const FROM_FILES = ['files', 'images'] as const;

/** Phones and some desktops go by the type, others by the ending. */
const ACCEPTED =
  '.gz,.tgz,.tar,.bin,.zip,application/gzip,application/x-gzip,application/x-tar,application/zip,application/octet-stream';

interface DropZoneProps {
  readonly isBusy: boolean;
  readonly onSource: (source: DatasetSource) => void;
}

/** Takes archives, loose files and folders by drop or through the file dialogs. */
export function DropZone({ isBusy, onSource }: DropZoneProps): ReactNode {
  const loading = useLoading(FROM_FILES);
  const [isOver, setIsOver] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const fileInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);
  const take = (source: DatasetSource | undefined): void => {
    setProblem(undefined);
    if (source && !isBusy) onSource(source);
  };
  const press = (input: HTMLInputElement | null): void => {
    if (!isBusy) input?.click();
  };
  return (
    <div
      className={isOver ? 'drop-zone is-over' : 'drop-zone'}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        setIsOver(false);
        if (isForPage(event.dataTransfer)) return;
        event.preventDefault();
        sourceOfDrop(event.dataTransfer).then(take, () =>
          setProblem('The browser could not read what was dropped; choose it with the buttons instead.'),
        );
      }}
    >
      <div className="drop-zone-text">
        <strong>Your own files</strong>
        <p className="field-help">Drop them here; they are read in this page and go nowhere else.</p>
      </div>
      <div className="drop-zone-buttons">
        <button
          type="button"
          className="button is-small"
          aria-disabled={isBusy}
          onClick={() => press(fileInput.current)}
        >
          <Icon name="upload" />
          Choose files
        </button>
        <button
          type="button"
          className="button is-small"
          aria-disabled={isBusy}
          onClick={() => press(folderInput.current)}
        >
          <Icon name="folder" />
          Choose a folder
        </button>
      </div>
      {loading ? <LoadingStatus loading={loading} /> : <Accepted />}
      {problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <FileInput
        ref={fileInput}
        label="Data files"
        accept={ACCEPTED}
        isFolder={false}
        onFiles={(files) => take(files.length > 0 ? { kind: 'files', files } : undefined)}
      />
      <FileInput
        ref={folderInput}
        label="Folder of images"
        isFolder
        onFiles={(files) => take(sourceOfChosenFolder(files))}
      />
    </div>
  );
}

function Accepted(): ReactNode {
  return (
    <ul className="drop-zone-kinds field-help">
      <li>
        CIFAR-10 and CIFAR-100: the archives of cs.toronto.edu/~kriz/cifar.html (binary, or CIFAR-10’s Python
        version), or all their <code>.bin</code> files
      </li>
      <li>
        own images: a folder or <code>.zip</code> with one folder per class, 2 to 100 of them (PNG, JPEG,
        WebP); cropped to squares of 32 × 32
      </li>
    </ul>
  );
}

interface FileInputProps {
  readonly ref: React.Ref<HTMLInputElement>;
  readonly label: string;
  readonly accept?: string;
  readonly isFolder: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

function FileInput({ ref, label, accept, isFolder, onFiles }: FileInputProps): ReactNode {
  return (
    <input
      ref={ref}
      className="visually-hidden"
      type="file"
      multiple
      // React's types do not know this attribute.
      {...(isFolder && { webkitdirectory: '' })}
      accept={accept}
      aria-label={label}
      tabIndex={-1}
      onChange={(event) => {
        const files = [...(event.target.files ?? [])];
        // The same file can be chosen again after an error.
        event.target.value = '';
        onFiles(files);
      }}
    />
  );
}
