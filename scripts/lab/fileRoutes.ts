import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { siteHeaders } from '../headers.mjs';
import type { Inputs } from './inputs.ts';
import { writeOutput } from './outputFolder.ts';

/**
 * The way of files between the disk and the lab's page, as addresses of the page's own server: GET reads an
 * input, PUT writes an output. Only named inputs are read, and only below `out` is written.
 *
 * @param key first part of the addresses; a secret, since other pages of this machine's browsers can reach the
 * server too.
 */
export function fileRoutes(
  key: string,
  inputs: Inputs,
  out: string,
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  return (request, response, next) => {
    const path = decodeURIComponent((request.url ?? '').split('?', 1)[0] ?? '');
    const prefix = `/${key}/`;
    if (!path.startsWith(prefix)) {
      next();
      return;
    }
    const name = path.slice(prefix.length);
    const input = inputs.get(name);
    if (request.method === 'PUT') void receive(request, response, out, name);
    else if (input === undefined) end(response, 404);
    else {
      response.writeHead(200, {
        ...siteHeaders,
        'Content-Type': 'application/octet-stream',
        'Content-Length': statSync(input).size,
      });
      createReadStream(input).pipe(response);
    }
  };
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  out: string,
  name: string,
): Promise<void> {
  try {
    writeOutput(out, name, await buffer(request));
    end(response, 204);
  } catch (error) {
    end(response, 500, error instanceof Error ? error.message : String(error));
  }
}

function end(response: ServerResponse, status: number, text?: string): void {
  response.writeHead(status, { ...siteHeaders, 'Content-Type': 'text/plain' }).end(text);
}
