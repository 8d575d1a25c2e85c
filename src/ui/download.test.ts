import { describe, expect, it } from 'vitest';
import { safeFileName } from './download.ts';

describe('safeFileName', () => {
  it('keeps what every file system takes', () => {
    expect(safeFileName('normlab-BN+WS #2: loss/time.svg')).toBe('normlab-BN+WS-2-loss-time.svg');
    expect(safeFileName('../../etc/passwd')).toBe('etc-passwd');
    expect(safeFileName('★')).toBe('normlab');
    expect(safeFileName('x'.repeat(300))).toHaveLength(100);
  });
});
