import type { KeptStorage } from '#protocol/messages.ts';
import { formatBytes, formatCount } from '#ui/format.ts';

/** '3 runs, 1.2 MB; this site uses 45.0 MB of 2.0 GB. Protected from clean-up: no.' */
export function storageText({ runBytes, usage, quota, isPersistent }: KeptStorage, runCount: number): string {
  const parts = [`${formatCount(runCount)} ${runCount === 1 ? 'run' : 'runs'}, ${formatBytes(runBytes)}`];
  if (usage !== undefined && quota !== undefined) {
    parts.push(`; this site uses ${formatBytes(usage)} of ${formatBytes(quota)}`);
  }
  parts.push('. ');
  if (isPersistent !== undefined) parts.push(`Protected from clean-up: ${isPersistent ? 'yes' : 'no'}. `);
  return parts.join('');
}

const ASKED = 'normlab-asked-to-protect';

/** Whether the user was asked, in this browser, to protect the runs. */
export function wasAsked(): boolean {
  try {
    return localStorage.getItem(ASKED) !== null;
  } catch {
    // A browser without storage keeps no runs either.
    return true;
  }
}

export function rememberAsked(): void {
  try {
    localStorage.setItem(ASKED, 'yes');
  } catch {
    // Asked again at the next visit.
  }
}
