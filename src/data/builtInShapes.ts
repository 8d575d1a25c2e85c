/**
 * The ten classes of the built-in set as geometry. Every function is built from + - * / sqrt, floor and
 * comparisons, which IEEE 754 fixes bit for bit, so the set is the same in every engine.
 */

/**
 * Signed distance from the outline, negative inside, in units of the shape's radius; `u`, `v` are rotated
 * and scaled so that the shape fills about the unit circle.
 */
export type Shape = (u: number, v: number) => number;

/** Whether a texture has its first colour (negative) or its second at (u, v), as a distance; period 1. */
export type Texture = (u: number, v: number) => number;

const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/** Distance to a box with half sizes (a, b), exact inside and near the sides. */
function box(u: number, v: number, a: number, b: number): number {
  return Math.max(Math.abs(u) - a, Math.abs(v) - b);
}

const circle: Shape = (u, v) => length(u, v) - 0.9;

const ring: Shape = (u, v) => Math.abs(length(u, v) - 0.75) - 0.22;

// Equilateral: three half-planes whose normals stand 120 degrees apart.
const triangle: Shape = (u, v) =>
  Math.max(v, 0.8660254037844386 * u - 0.5 * v, -0.8660254037844386 * u - 0.5 * v) - 0.55;

const square: Shape = (u, v) => box(u, v, 0.75, 0.75);

const cross: Shape = (u, v) => Math.min(box(u, v, 1, 0.3), box(u, v, 0.3, 1));

/** Five-pointed star: fold the plane into one tenth, then one edge decides. */
const star: Shape = (u, v) => {
  const [k1x, k1y, k2x, k2y] = [0.809016994375, -0.587785252292, -0.809016994375, -0.587785252292];
  let x = Math.abs(u);
  let y = v;
  let fold = 2 * Math.max(k1x * x + k1y * y, 0);
  x -= fold * k1x;
  y -= fold * k1y;
  fold = 2 * Math.max(k2x * x + k2y * y, 0);
  x = Math.abs(x - fold * k2x);
  y -= fold * k2y + 1.1;
  // Edge from the tip towards the inner corner; 0.45 is the inner radius' share.
  const edgeX = 0.45 * -k1y;
  const edgeY = 0.45 * k1x - 1;
  const along = Math.min(Math.max((x * edgeX + y * edgeY) / (edgeX * edgeX + edgeY * edgeY), 0), 1.1);
  const distance = length(x - edgeX * along, y - edgeY * along);
  return y * edgeX - x * edgeY < 0 ? -distance : distance;
};

const fraction = (x: number): number => x - Math.floor(x);
/** Triangle wave of period 1 between -0.25 and 0.25; its zero crossings are half a period apart. */
const wave = (x: number): number => Math.abs(fraction(x) - 0.5) - 0.25;

const stripes: Texture = (u) => wave(u);

const checker: Texture = (u, v) => {
  const a = wave(u);
  const b = wave(v);
  return a * b > 0 ? Math.min(Math.abs(a), Math.abs(b)) : -Math.min(Math.abs(a), Math.abs(b));
};

const dots: Texture = (u, v) => length(fraction(u) - 0.5, fraction(v) - 0.5) - 0.3;

/** Stripes bent at right angles. */
const zigzag: Texture = (u, v) => wave(u + 2 * wave(v * 0.5)) * 0.7;

export type BuiltInClass =
  | { readonly name: string; readonly shape: Shape }
  | { readonly name: string; readonly texture: Texture };

export const BUILT_IN_CLASSES: readonly BuiltInClass[] = [
  { name: 'circle', shape: circle },
  { name: 'ring', shape: ring },
  { name: 'triangle', shape: triangle },
  { name: 'square', shape: square },
  { name: 'star', shape: star },
  { name: 'cross', shape: cross },
  { name: 'stripes', texture: stripes },
  { name: 'checker', texture: checker },
  { name: 'dots', texture: dots },
  { name: 'zigzag', texture: zigzag },
];
