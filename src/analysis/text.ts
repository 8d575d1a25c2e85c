/** Two significant digits for a sentence, without an exponent where it stays short: '0.021', '3.4', '120'. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'unknown' : value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const digits = size >= 100 || size < 1e-4 ? undefined : Math.max(0, 1 - Math.floor(Math.log10(size)));
  const text =
    digits !== undefined
      ? size.toFixed(digits)
      : size >= 100 && size < 1e6
        ? Math.round(size).toLocaleString('en-US')
        : size.toExponential(1).replace('e+', 'e');
  return value < 0 ? `−${text}` : text;
}

/** '1 seed', '2 seeds' */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
