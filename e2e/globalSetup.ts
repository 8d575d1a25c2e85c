import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'vite';

/** `npm test` has built the site before; a specification that runs alone builds it when it is missing. */
export default async function globalSetup(): Promise<void> {
  const root = resolve(import.meta.dirname, '..');
  if (!existsSync(resolve(root, 'dist/index.html'))) await build({ root, logLevel: 'warn' });
}
