import { Menu } from '@base-ui/react/menu';
import type { ReactNode } from 'react';
import { questions } from '#analysis/questions.ts';
import { studyActions } from '#ui/state/studyStore.ts';
import { useCopyLink } from '#ui/state/useCopyLink.ts';
import { viewActions } from '#ui/state/viewStore.ts';

/** The claims of the post at one click, at the size that takes minutes: into the builder, starting nothing. */
export function QuestionMenu(): ReactNode {
  return (
    <Menu.Root>
      <Menu.Trigger className="button is-small header-action">Questions</Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-place" sideOffset={4} align="end">
          <Menu.Popup className="menu">
            {questions.map((question) => (
              <Menu.Item
                key={question.id}
                className="menu-item"
                onClick={() => {
                  studyActions.loadQuestion(question, 'quick');
                  viewActions.setTab('study');
                  viewActions.announce(
                    `${question.sizes.quick.title} is in the builder. Nothing has started.`,
                  );
                }}
              >
                {question.title}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** Copies the address that opens what the page is set to. */
export function ShareButton(): ReactNode {
  const { copy, said } = useCopyLink();
  const share = async (): Promise<void> => viewActions.announce(await copy());
  return (
    <button
      type="button"
      className="button is-small header-action"
      title={said || 'Copies a link to the set-up and its studies'}
      onClick={() => void share()}
    >
      {said.startsWith('Copied') ? 'Link copied' : 'Share'}
    </button>
  );
}
