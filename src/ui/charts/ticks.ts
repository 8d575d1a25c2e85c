/** Round steps of a linear axis, as multiples of a power of ten. */
const STEPS = [1, 2, 2.5, 5, 10];
/** Round steps of a time axis, in seconds. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];

export interface AxisTicks {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

/** The smallest round step that divides `span` into at most `count` parts. */
function roundStep(span: number, count: number): number {
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * STEPS.find((step) => step * power >= raw * (1 - 1e-9))!;
}

/** Multiples of `step` from `low` to `high`, free of rounding dust. */
function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** An axis that reaches to round numbers beyond `low` and `high`. */
export function roundedAxis(low: number, high: number, count = 5): AxisTicks {
  const step = roundStep(high > low ? high - low : Math.abs(high) || 1, count);
  const from = Math.floor(low / step + 1e-9) * step;
  const to = Math.max(Math.ceil(high / step - 1e-9) * step, from + step);
  const ticks = multiples(from, to, step);
  return { domain: [ticks[0]!, ticks.at(-1)!], ticks };
}

/** An axis that ends exactly at `low` and `high`, with round ticks between them. */
export function exactAxis(low: number, high: number, count = 6): AxisTicks {
  return { domain: [low, high], ticks: multiples(low, high, roundStep(high - low, count)) };
}

/** As `exactAxis`, in seconds with ticks at times that people count in. */
export function timeAxis(low: number, high: number, count = 6): AxisTicks {
  const span = high - low;
  const step =
    TIME_STEPS.find((seconds) => span / seconds <= count) ?? 86_400 * Math.ceil(span / 86_400 / count);
  return { domain: [low, high], ticks: multiples(low, high, step) };
}

/** A logarithmic axis: ticks at decades, and at 2 and 5 between them where there are few decades. */
export function logAxis(low: number, high: number, fit = false): AxisTicks {
  const from = fit ? floorRound(low) : low;
  const to = fit ? ceilRound(high) : high;
  const decades = Math.log10(to / from);
  const factors = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 3.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`);
      if (value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9)) ticks.push(value);
    }
  }
  return { domain: [from, to], ticks };
}

function floorRound(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number(([5, 2, 1].find((factor) => factor * power <= value * (1 + 1e-9))! * power).toPrecision(12));
}

function ceilRound(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number(
    ([1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9))! * power).toPrecision(12),
  );
}

/**
 * How far an axis should reach for a curve that has come to `reached` of `planned`: a round value beyond it,
 * so that the axis changes seldom, and never more than the plan.
 */
export function growingExtent(reached: number, planned: number): number {
  if (!(reached > 0)) return Math.min(planned, 10);
  return Math.min(planned, ceilRound(reached * 1.15));
}
