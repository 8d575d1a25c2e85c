const MAX_LENGTH = 80;
/** Names that Windows keeps for devices, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * A name for a download that no file system could misunderstand: letters, digits, hyphens and underscores of
 * any script, no path, no leading dot, no invisible characters.
 *
 * @param text may be anything. @param extension without its dot.
 */
export function safeFileName(text: string, extension: string): string {
  const name = Array.from(text.normalize('NFC').replaceAll(/[^\p{L}\p{N}_]+/gu, '-'))
    .slice(0, MAX_LENGTH)
    .join('')
    .replaceAll(/^-+|-+$/g, '');
  return `${name === '' || RESERVED.test(name) ? `normlab${name === '' ? '' : `-${name}`}` : name}.${extension}`;
}
