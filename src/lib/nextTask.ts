/**
 * Resolves in a task of its own, so that messages which have arrived meanwhile are handled first. Without a timer:
 * those of hidden pages are held back.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}
