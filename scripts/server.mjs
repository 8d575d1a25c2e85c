// Serves the built site from this machine, with the headers that a host should send.
import { createServer } from 'node:http';
import sirv from 'sirv';
import { siteHeaders } from './headers.mjs';
import { offerData } from './localData.mjs';

/** Ports that are tried in turn when none is asked for, before the system chooses one. */
const FIRST_PORT = 4173;
const PORT_COUNT = 20;

/**
 * @typedef {object} SiteServer
 * @property {string} url address of the page, with a slash at its end.
 * @property {() => Promise<void>} close ends open connections too.
 */

/**
 * @param {object} options
 * @param {string} options.root folder with index.html.
 * @param {string} [options.base] path that the site lies under, with slashes around it; '/' by default.
 * @param {number} [options.port] this port or an error; without it, the first free one from 4173 on.
 * @param {string} [options.data] folder of archives to offer to the page; none by default, or with `first`.
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse, next: () => void) => void} [options.first]
 * answers before the site does, or passes on.
 * @param {string} [options.host] address to listen on; this machine alone by default.
 * @returns {Promise<SiteServer>}
 */
export async function serveSite({ root, base = '/', port, data, first, host = '127.0.0.1' }) {
  // `dev` reads files as they are now, so that a build under a running server needs no restart.
  const site = sirv(root, {
    dev: true,
    etag: true,
    setHeaders(response) {
      for (const [name, value] of Object.entries(siteHeaders)) response.setHeader(name, value);
    },
  });
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    if (base !== '/' && url === base.slice(0, -1)) {
      response.writeHead(308, { Location: base }).end();
      return;
    }
    const notFound = () => {
      response.writeHead(404, { 'Content-Type': 'text/plain', ...siteHeaders }).end('Not found\n');
    };
    if (!url.startsWith(base)) {
      notFound();
      return;
    }
    request.url = url.slice(base.length - 1);
    const next = () => site(request, response, notFound);
    const offer = first ?? (data === undefined ? undefined : offerData(data));
    if (offer) offer(request, response, next);
    else next();
  });

  const ports =
    port === undefined ? [...Array.from({ length: PORT_COUNT }, (_, i) => FIRST_PORT + i), 0] : [port];
  for (const candidate of ports) {
    const bound = await listen(server, candidate, host);
    if (bound === undefined) continue;
    const name = host.includes(':') ? `[${host}]` : host;
    return {
      url: `http://${name}:${bound}${base}`,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  }
  throw new Error(
    `cannot listen on port ${ports.join(', ')}: taken or not allowed; choose another with --port`,
  );
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port 0: any free one.
 * @param {string} host
 * @returns {Promise<number | undefined>} the port, or undefined when it is taken.
 */
function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    /** @param {NodeJS.ErrnoException} error */
    const failed = (error) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
