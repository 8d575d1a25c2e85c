import { useState } from 'react';
import { useClient } from './client.ts';
import { useSetup } from './setupStore.ts';
import { currentLink } from './useLink.ts';

/** Puts the address that opens what the page is set to on the clipboard; `said` tells what came of it. */
export function useCopyLink(): { readonly copy: () => Promise<string>; readonly said: string } {
  const client = useClient();
  const weights = useSetup((state) => state.weights);
  const [said, say] = useState('');
  const copy = async (): Promise<string> => {
    const { href, lacksStudies } = currentLink(client.getState());
    const text = await navigator.clipboard.writeText(href).then(
      () =>
        lacksStudies
          ? 'Copied, without the study: it is too large for a link.'
          : weights
            ? `Copied, without ${weights.name}: weights and images travel as files.`
            : 'Copied. It names the data and starts nothing; images travel as files.',
      () => 'The browser refused; the address of this page is the link.',
    );
    say(text);
    return text;
  };
  return { copy, said };
}
