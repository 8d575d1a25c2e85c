// Downloads a published file with progress, goes on where an earlier attempt ended, and checks it.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * @param {object} file
 * @param {string} file.url
 * @param {string} file.target path to write; `target.part` holds what has come so far.
 * @param {number} file.byteLength
 * @param {string} file.md5 hexadecimal.
 * @param {(done: number) => void} [onProgress] bytes that are there.
 * @returns {Promise<'downloaded' | 'present'>}
 * @throws {Error} in one sentence.
 */
export async function downloadData({ url, target, byteLength, md5 }, onProgress = () => {}) {
  if (existsSync(target) && (await md5Of(target)) === md5) return 'present';
  const part = `${target}.part`;
  mkdirSync(dirname(target), { recursive: true });
  const before = existsSync(part) ? statSync(part).size : 0;
  if (before < byteLength) await fetchRest(url, part, before, byteLength, onProgress);
  const size = statSync(part).size;
  if (size < byteLength) {
    throw new Error(
      `${url}: the connection ended after ${size} of ${byteLength} bytes; run the command again to go on.`,
    );
  }
  if (size !== byteLength || (await md5Of(part)) !== md5) {
    rmSync(part);
    throw new Error(
      `${url}: what came is not the published file (size or MD5 differ) and was removed; run the command again.`,
    );
  }
  renameSync(part, target);
  return 'downloaded';
}

/**
 * @param {string} url
 * @param {string} part
 * @param {number} before
 * @param {number} byteLength
 * @param {(done: number) => void} onProgress
 */
async function fetchRest(url, part, before, byteLength, onProgress) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, before > 0 ? { headers: { Range: `bytes=${before}-` } } : {});
  } catch (error) {
    throw new Error(`${url}: there is no connection; check it and run the command again.`, { cause: error });
  }
  if (!response.ok || !response.body) {
    throw new Error(`${url}: the server answered ${response.status}; try again later.`);
  }
  const isRest = response.status === 206;
  let done = isRest ? before : 0;
  /** @param {AsyncIterable<Uint8Array>} chunks */
  async function* counted(chunks) {
    for await (const chunk of chunks) {
      done += chunk.length;
      // One byte too many is enough to know; a server may send without end.
      if (done > byteLength) return;
      onProgress(done);
      yield chunk;
    }
  }
  const body = Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body));
  try {
    await pipeline(body, counted, createWriteStream(part, { flags: isRest ? 'a' : 'w' }));
  } catch (error) {
    throw new Error(
      `${url}: the connection broke after ${done} of ${byteLength} bytes; run the command again to go on.`,
      {
        cause: error,
      },
    );
  }
  if (done > byteLength) {
    rmSync(part);
    throw new Error(`${url}: the server sent more than the published file has; nothing was kept.`);
  }
}

/** @param {string} path */
async function md5Of(path) {
  const hash = createHash('md5');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
