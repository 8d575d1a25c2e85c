// The security headers of NormLab, in one table: the build puts the policy into the page, the servers here
// send it, and `dist/_headers` carries it to static hosts that read such a file.

/**
 * Where the page's worker may fetch CIFAR-10 from: the Hugging Face hub redirects downloads to its
 * storage hosts, whose names change. Nothing is sent there before the user asks for the data set.
 */
const datasetHosts = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'];

/** @type {Readonly<Record<string, readonly string[]>>} */
const policy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'worker-src': ["'self'"],
  'connect-src': ["'self'", ...datasetHosts],
  'img-src': ["'self'", 'data:', 'blob:'],
  'style-src': ["'self'"],
  'font-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
};

/** @param {Readonly<Record<string, readonly string[]>>} directives */
function serialize(directives) {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ');
}

/** For `<meta http-equiv>`, where browsers ignore `frame-ancestors` with a warning. */
export const metaPolicy = serialize(policy);

/** Isolation, which gives the page precise timers and shared memory. Dev server and built site. */
export const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Everything that a host of the built site should send. */
export const siteHeaders = {
  ...isolationHeaders,
  'Content-Security-Policy': serialize({ ...policy, 'frame-ancestors': ["'none'"] }),
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/**
 * The policy of the development server: Vite injects an inline script for React's refresh and inline
 * styles, and talks over a web socket.
 */
export const developmentPolicy = serialize({
  ...policy,
  'script-src': ["'self'", "'unsafe-inline'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'connect-src': [...(policy['connect-src'] ?? []), 'ws:'],
});
