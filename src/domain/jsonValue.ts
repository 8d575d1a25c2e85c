/** Digits that tell every float32 from its neighbours. */
const FLOAT32_DIGITS = 9;

/**
 * A value as JSON can carry it: numbers that JSON lacks become 'NaN', 'Infinity' and '-Infinity', and float32
 * arrays become lists with as many digits as their bits need. The schemas of runs read all of it back.
 */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Float32Array) {
    return Array.from(value, (item) =>
      Number.isFinite(item) ? Number(item.toPrecision(FLOAT32_DIGITS)) : String(item),
    );
  }
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJsonValue(item)]));
}
