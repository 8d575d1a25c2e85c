import { DatasetError } from './datasetError.ts';

export type FileKind =
  | 'gzip'
  | 'tar'
  | 'zip'
  | 'parquet'
  | 'png'
  | 'jpeg'
  | 'webp'
  | 'web-page'
  | 'empty'
  | 'other';

const PREFIX_BYTES = 512;

/** What a file is by its first bytes; names lie. */
export async function fileKind(file: Blob): Promise<FileKind> {
  if (file.size === 0) return 'empty';
  return kindOf(new Uint8Array(await file.slice(0, PREFIX_BYTES).arrayBuffer()));
}

/** As `fileKind`, from the first (up to 512) bytes. */
export function kindOf(start: Uint8Array): FileKind {
  if (start.length === 0) return 'empty';
  const begins = (text: string, at = 0): boolean =>
    Array.from(text).every((character, i) => start[at + i] === character.charCodeAt(0));
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (begins('PAR1')) return 'parquet';
  if (begins('PK\u0003\u0004') || begins('PK\u0005\u0006')) return 'zip';
  if (start[0] === 0x89 && begins('PNG', 1)) return 'png';
  if (start[0] === 0xff && start[1] === 0xd8 && start[2] === 0xff) return 'jpeg';
  if (begins('RIFF') && begins('WEBP', 8)) return 'webp';
  if (begins('ustar', 257)) return 'tar';
  const text = new TextDecoder().decode(start).trimStart().toLowerCase();
  if (/^(<!doctype html|<html|<head|<!--|<\?xml)/.test(text)) return 'web-page';
  return 'other';
}

/** The sentence for a file that is a web page under another name. */
export function webPageError(name: string): DatasetError {
  return new DatasetError(
    'not-recognized',
    `${name} is a web page, not data: the server probably sent an error page. Open the download address in the browser and save the file again.`,
  );
}
