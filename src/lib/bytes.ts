/** '24 MB', '93 kB': whole megabytes, or kilobytes below one. */
export function megabytes(bytes: number): string {
  return bytes < 1e6
    ? `${Math.ceil(bytes / 1e3).toLocaleString('en')} kB`
    : `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
}
