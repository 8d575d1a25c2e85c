// Offers the data sets that `npm run data` downloaded to the page: /local-data.json lists them,
// /local-data/NAME holds them. The built site has an empty list, so that any host answers.
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { siteHeaders } from './headers.mjs';

export const dataFolder = resolve(import.meta.dirname, '../.cache/data');

const LIST = 'local-data.json';
const FOLDER = 'local-data/';

/** @param {string} folder */
function list(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tar.gz'))
    .map((name) => ({ name, byteLength: statSync(resolve(folder, name)).size }));
}

/**
 * Answers the two addresses above and passes all others on.
 * @param {string} folder
 * @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse, next: () => void) => void}
 */
export function offerData(folder) {
  return (request, response, next) => {
    const path = (request.url ?? '').split('?', 1)[0]?.replace(/^\//, '');
    if (path === LIST) {
      const body = JSON.stringify(list(folder));
      response.writeHead(200, { ...siteHeaders, 'Content-Type': 'application/json' }).end(body);
      return;
    }
    // Only names of the list: no path leaves the folder.
    const entry = list(folder).find(({ name }) => path === FOLDER + name);
    if (!entry) {
      next();
      return;
    }
    response.writeHead(200, {
      ...siteHeaders,
      'Content-Type': 'application/octet-stream',
      'Content-Length': entry.byteLength,
    });
    createReadStream(resolve(folder, entry.name)).pipe(response);
  };
}

/** @returns {import('vite').Plugin} */
export function localData() {
  return {
    name: 'normlab:local-data',
    configureServer(server) {
      server.middlewares.use(offerData(dataFolder));
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: LIST, source: '[]' });
    },
  };
}
