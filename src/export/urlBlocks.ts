import { clip, STUDY_OPTION_KEYS } from './urlFields.ts';

const STUDY_KEYS: readonly string[] = [
  'study',
  'mode',
  'arm',
  'whys',
  'seeds',
  'ramp',
  'images',
  ...Object.values(STUDY_OPTION_KEYS),
  'q',
];

/** Keys and values of one study; `arm` may be there several times. */
export interface StudyBlock {
  readonly fields: Map<string, string>;
  readonly arms: string[];
}

/**
 * Keys with their values, each once; those of a study belong to the last `study` before them.
 * @param isKey whether a key is one of the set-up.
 */
export function splitHash(
  text: string,
  isKey: (key: string) => boolean,
  errors: Map<string, string>,
): { readonly fields: ReadonlyMap<string, string>; readonly studies: readonly StudyBlock[] } {
  const fields = new Map<string, string>();
  const studies: StudyBlock[] = [{ fields: new Map(), arms: [] }];
  for (const part of text.split('&')) {
    const at = part.indexOf('=');
    const key = at < 0 ? part : part.slice(0, at);
    const value = decoded(at < 0 ? '' : part.slice(at + 1));
    if (key === 'study' && studies.at(-1)!.fields.has(key)) studies.push({ fields: new Map(), arms: [] });
    const block = studies.at(-1)!;
    const isOfStudy = STUDY_KEYS.includes(key);
    const place = isOfStudy ? block.fields : fields;
    const path = isOfStudy && studies.length > 1 ? `study[${studies.length - 1}].` : '';
    if (key === 'arm') block.arms.push(value ?? '');
    else if (!isOfStudy && !isKey(key)) {
      errors.set(clip(key), `“${clip(key)}” is not a setting.`);
    } else if (place.has(key)) errors.set(path + key, `“${key}” is there twice.`);
    else if (value === undefined) errors.set(path + key, 'The value is not written as addresses are.');
    else place.set(key, value);
  }
  const [first] = studies;
  if (!first!.fields.has('study')) {
    const alone = [...first!.fields.keys(), ...(first!.arms.length > 0 ? ['arm'] : [])];
    for (const key of alone) errors.set(key, `“${key}” belongs to a study, and there is none.`);
    return { fields, studies: [] };
  }
  return { fields, studies };
}

/** Undefined where the percent signs make no sense. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
