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
