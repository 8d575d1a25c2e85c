export { formatClock, formatLoss, formatRate, formatTableNumber } from '#lib/numberText.ts';

/** Thousands in groups: 75,000. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** '54.2 %'; an en dash where there is no value. */
export function formatPercent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '–';
}

/** A remaining time, no more exact than it can be: '40 s', '18 min', '2 h 5 min'. */
export function formatRemaining(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return '< 10 s';
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A remaining time with its error, where that is as much as a unit of it: '18 ± 2 min'. */
export function formatRemainingRange(milliseconds: number, errorMs: number | undefined): string {
  const text = formatRemaining(milliseconds);
  const unit = milliseconds < 90_000 ? 1000 : 60_000;
  const error = errorMs === undefined ? 0 : Math.round(errorMs / unit);
  // Hours are two numbers, and below ten seconds there is none to be off.
  if (error === 0 || milliseconds < 10_000) return text;
  if (milliseconds >= 3_570_000) return `${text} ± ${error} min`;
  const [value, name] = text.split(' ');
  return `${value} ± ${error} ${name}`;
}

/** '3.2 MB' */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][power]!}`;
}

/** Images per second: three significant digits. */
export function formatSpeed(perSecond: number): string {
  return perSecond >= 100 ? formatCount(perSecond) : String(Number(perSecond.toPrecision(2)));
}

/** A number beside an axis: short whatever its size. */
export function formatTick(value: number): string {
  const isShort = value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5);
  return isShort ? String(Number(value.toPrecision(3))) : value.toExponential().replace('e+', 'e');
}
