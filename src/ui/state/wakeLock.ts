/** As much of `navigator.wakeLock` as is used. */
interface ScreenLocks {
  request(type: 'screen'): Promise<{ release(): Promise<void> }>;
}

/** As much of `document` as is used. */
type VisiblePage = Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;

/**
 * Keeps the screen on while the page is visible. The browser lets go of it whenever the page is hidden, so it is
 * asked again when the page comes back; a refusal, as on a low battery, is no error.
 * @returns lets the screen go.
 */
export function keepScreenOn(locks: ScreenLocks, page: VisiblePage): () => void {
  let isOver = false;
  let held: { release(): Promise<void> } | undefined;
  const request = async (): Promise<void> => {
    if (page.visibilityState !== 'visible') return;
    try {
      const lock = await locks.request('screen');
      void held?.release();
      held = lock;
      if (isOver) void lock.release();
    } catch (error) {
      console.info('The screen is not kept on:', error);
    }
  };
  const again = (): void => void request();
  page.addEventListener('visibilitychange', again);
  void request();
  return () => {
    isOver = true;
    page.removeEventListener('visibilitychange', again);
    void held?.release();
  };
}
