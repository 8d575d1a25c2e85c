import { safeFileName } from '#export/safeFileName.ts';

/** Hands a file to the browser's downloads. @param title may be anything. @param extension without its dot. */
export function downloadFile(title: string, extension: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = safeFileName(title, extension);
  document.body.append(link);
  link.click();
  link.remove();
  // The download has begun by then; Safari reads the address a moment after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
