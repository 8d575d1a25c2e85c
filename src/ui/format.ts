/** Thousands in groups: 75,000. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A learning rate as people write it: '5e-4', '3.2e-5', '0.1', '1'. */
export function formatRate(value: number, digits = 2): string {
  if (!Number.isFinite(value)) return formatLoss(value);
  if (value === 0) return '0';
  if (value >= 0.01 && value < 1000) return String(Number(value.toPrecision(digits)));
  return value
    .toExponential(digits - 1)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e');
}

/** A loss for labels: '0.508', '12.3', '1.2e+5', 'NaN', 'infinite'. */
export function formatLoss(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : '−infinite';
  if (Math.abs(value) >= 10_000) return value.toExponential(1);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** '54.2 %'; an en dash where there is no value. */
export function formatPercent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '–';
}

/** fastai's format of losses and accuracies in its epoch table. */
export function formatTableNumber(value: number): string {
  return Number.isFinite(value) ? value.toFixed(6) : formatLoss(value);
}

/** Duration as fastai prints it: m:ss, or h:mm:ss from one hour on. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const twoDigits = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = twoDigits(seconds % 60);
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${rest}`;
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
