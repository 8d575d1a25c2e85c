// Vite plugin: puts the content security policy into the pages, strict in a build and relaxed in
// development, and writes the headers that a host should send as dist/_headers.
import { developmentPolicy, metaPolicy, siteHeaders } from './headers.mjs';

/** @returns {import('vite').Plugin} */
export function security() {
  let content = metaPolicy;
  return {
    name: 'normlab:security',
    configResolved(config) {
      content = config.command === 'build' ? metaPolicy : developmentPolicy;
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { filename }) {
        // Vitest serves its own pages through the same hook.
        if (filename.includes('node_modules')) return [];
        return [
          {
            tag: 'meta',
            attrs: { 'http-equiv': 'Content-Security-Policy', content },
            injectTo: 'head-prepend',
          },
        ];
      },
    },
    generateBundle() {
      const lines = Object.entries(siteHeaders).map(([name, value]) => `  ${name}: ${value}`);
      this.emitFile({ type: 'asset', fileName: '_headers', source: `/*\n${lines.join('\n')}\n` });
    },
  };
}
