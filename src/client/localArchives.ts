import * as v from 'valibot';

/** An archive that `npm run data` downloaded, offered by the server of this page. */
export interface LocalArchive {
  readonly name: string;
  readonly byteLength: number;
}

const archiveList = v.array(v.object({ name: v.string(), byteLength: v.number() }));

/** What the server offers; nothing when it knows of no such list. */
export async function listLocalArchives(): Promise<readonly LocalArchive[]> {
  try {
    const response = await fetch('./local-data.json', { cache: 'no-store' });
    return response.ok ? v.parse(archiveList, await response.json()) : [];
  } catch {
    return [];
  }
}

/**
 * Fetches one of them whole; parsing checks what is in it.
 * @throws {Error} with a sentence for users; an `AbortError` when cancelled.
 */
export async function fetchLocalArchive(
  { name, byteLength }: LocalArchive,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<File> {
  const response = await fetch(`./local-data/${encodeURIComponent(name)}`, { signal, cache: 'no-store' });
  if (!response.ok || !response.body) {
    throw new Error(
      `The server answered ${response.status} for ${name}; run npm run data again, or choose the file below.`,
    );
  }
  let done = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        done += chunk.byteLength;
        onBytes(done);
        controller.enqueue(chunk);
      },
    }),
  );
  const blob = await new Response(counted).blob();
  if (blob.size !== byteLength)
    throw new Error(`${name} arrived incomplete; is the server still running? Try again.`);
  return new File([blob], name);
}
