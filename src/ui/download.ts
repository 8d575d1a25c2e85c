/** A name that every file system takes: letters, digits, dots, dashes; never empty, never hidden. */
export function safeFileName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/[^\w.+-]+/g, '-')
    .replaceAll(/-{2,}/g, '-')
    .replaceAll(/^[.-]+|[.-]+$/g, '')
    .slice(0, 100);
  return plain || 'normlab';
}

/** Hands a file to the browser's downloads. */
export function downloadFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = safeFileName(name);
  document.body.append(link);
  link.click();
  link.remove();
  // The download has begun by then; Safari reads the address a moment after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
