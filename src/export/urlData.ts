/** The data set that a link's runs are meant for: as much as tells it apart, and what to call it. */
export interface SharedData {
  readonly title: string;
  /** The hash of its contents, or the first sixteen digits of that or more. */
  readonly hash: string;
}

/** Digits of the hash in a link: more than chance ever makes equal. */
const HASH_DIGITS = 16;
const MAX_TITLE = 200;

/** '0123456789abcdef.CIFAR-10' */
export function dataText({ title, hash }: SharedData): string {
  // Half of a surrogate pair, as a cut or a file system may leave it, cannot stand in an address.
  const whole = title.slice(0, MAX_TITLE).replace(/\p{Surrogate}/gu, '\uFFFD');
  return `${hash.slice(0, HASH_DIGITS)}.${encodeURIComponent(whole)}`;
}

export function readData(text: string | undefined, errors: Map<string, string>): SharedData | undefined {
  if (text === undefined) return undefined;
  const [, hash, title] = /^([0-9a-f]{16,64})\.(.{0,200})$/su.exec(text) ?? [];
  if (hash !== undefined && title !== undefined) return { title, hash };
  errors.set(
    'data',
    'The data set must be written like 0123456789abcdef.Title, by the hash of its contents.',
  );
  return undefined;
}

/** Whether a data set is the one that a link speaks of. */
export function isSharedData(data: SharedData, info: { readonly hash: string }): boolean {
  return info.hash.startsWith(data.hash) || data.hash.startsWith(info.hash);
}
