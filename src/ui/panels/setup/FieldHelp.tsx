import type { ReactNode } from 'react';

interface FieldHelpProps {
  readonly id: string;
  readonly what: string;
  readonly source: string;
  readonly isDefault: boolean;
  readonly defaultText: string;
  readonly onReset: () => void;
}

/** What a control does and where its default comes from; offers the way back when it was changed. */
export function FieldHelp({ id, what, source, isDefault, defaultText, onReset }: FieldHelpProps): ReactNode {
  return (
    <p className="field-help" id={id}>
      {what}{' '}
      <span className="field-source">
        {isDefault ? (
          'Default'
        ) : (
          <button type="button" className="link" onClick={onReset}>{`Back to ${defaultText}`}</button>
        )}
        {isDefault ? ': ' : '. '}
        {source}
      </span>
    </p>
  );
}
