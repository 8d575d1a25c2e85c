import { useState } from 'react';
import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { runLabel } from '#ui/runText.ts';
import { useClient } from '#ui/state/client.ts';
import { parseTags } from './tags.ts';

/** Name, tags and note of a run; kept when a field is left. */
export function NotesEditor({ run }: { run: RunRecord }): ReactNode {
  const client = useClient();
  const [name, setName] = useState(run.notes.name);
  const [tags, setTags] = useState(run.notes.tags.join(', '));
  const [note, setNote] = useState(run.notes.note);
  const keep = (): void => {
    void client.describe(run.id, { name: name.trim(), tags: parseTags(tags), note: note.trim() });
  };
  return (
    <form
      className="notes"
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      <label>
        Name
        <input
          type="text"
          value={name}
          maxLength={80}
          placeholder={runLabel(run)}
          onChange={(event) => setName(event.target.value)}
          onBlur={keep}
        />
      </label>
      <label>
        Tags, by commas
        <input
          type="text"
          value={tags}
          maxLength={200}
          onChange={(event) => setTags(event.target.value)}
          onBlur={keep}
        />
      </label>
      <label className="is-wide">
        Note
        <textarea
          value={note}
          rows={2}
          maxLength={2000}
          onChange={(event) => setNote(event.target.value)}
          onBlur={keep}
        />
      </label>
    </form>
  );
}
