import { IMAGE_BYTES } from '#domain/dataset.ts';
import { philoxInto } from '#lib/philox.ts';
import { STREAM } from '#lib/randomStream.ts';
import { BUILT_IN_CLASSES } from './builtInShapes.ts';

const SIZE = 32;
const GRID = 6;

/** Random numbers of one image: block `(i, image, half, 0)` of the built-in stream, words in order. */
class Draw {
  readonly #seed: number;
  readonly #image: number;
  readonly #half: number;
  readonly #words = new Uint32Array(4);
  #used = 0;

  constructor(seed: number, image: number, half: number) {
    this.#seed = seed;
    this.#image = image;
    this.#half = half;
  }

  word(): number {
    if (this.#used % 4 === 0) {
      philoxInto(
        this.#words,
        0,
        [this.#used / 4, this.#image, this.#half, 0],
        this.#seed,
        STREAM.builtInData,
      );
    }
    return this.#words[this.#used++ % 4]!;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * (this.word() / 0x100000000);
  }

  chance(probability: number): boolean {
    return this.between(0, 1) < probability;
  }

  /** A point on the unit circle, by rejection: sine and cosine differ between engines. */
  direction(): readonly [number, number] {
    for (;;) {
      const x = this.between(-1, 1);
      const y = this.between(-1, 1);
      const squared = x * x + y * y;
      if (squared > 0.01 && squared < 1) {
        const norm = Math.sqrt(squared);
        return [x / norm, y / norm];
      }
    }
  }

  colour(): Colour {
    return [this.between(0.05, 0.95), this.between(0.05, 0.95), this.between(0.05, 0.95)];
  }
}

type Colour = readonly [number, number, number];
/** Share of the ink at pixel (x, y), 0 … 1. */
type Coverage = (x: number, y: number) => number;

const clamp = (x: number, low: number, high: number): number => (x < low ? low : x > high ? high : x);

/** Two colours far enough apart to be told from each other under the noise; which is which is chance. */
function colourPair(draw: Draw): readonly [Colour, Colour] {
  for (;;) {
    const a = draw.colour();
    const b = draw.colour();
    const [red, green, blue] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    // Rough luminance weights: red and blue alone carry little visible contrast.
    const luminance = Math.abs(0.3 * red + 0.59 * green + 0.11 * blue);
    const distance = Math.sqrt(red * red + green * green + blue * blue);
    if (luminance > 0.16 && distance > 0.4) return [a, b];
  }
}

/** Smooth random field over the image, -1 … 1: bilinear between a coarse grid of random values. */
function smoothField(draw: Draw): Float64Array {
  const grid = Float64Array.from({ length: GRID * GRID }, () => draw.between(-1, 1));
  const out = new Float64Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    const gy = (y * (GRID - 1)) / SIZE;
    const row = Math.floor(gy);
    const fy = gy - row;
    for (let x = 0; x < SIZE; x++) {
      const gx = (x * (GRID - 1)) / SIZE;
      const column = Math.floor(gx);
      const fx = gx - column;
      const at = row * GRID + column;
      const top = grid[at]! + (grid[at + 1]! - grid[at]!) * fx;
      const bottom = grid[at + GRID]! + (grid[at + GRID + 1]! - grid[at + GRID]!) * fx;
      out[y * SIZE + x] = top + (bottom - top) * fy;
    }
  }
  return out;
}

/** Lays `colour`, lightened by `shade` times the field, over the canvas where `coverage` says. */
function paint(
  canvas: Float64Array,
  colour: Colour,
  coverage: Coverage,
  shade: number,
  field: Float64Array,
): void {
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const alpha = coverage(x + 0.5, y + 0.5);
      if (alpha <= 0) continue;
      const pixel = y * SIZE + x;
      const light = shade * field[pixel]!;
      for (let c = 0; c < 3; c++) {
        const at = pixel * 3 + c;
        canvas[at] = canvas[at]! + (colour[c]! + light - canvas[at]!) * alpha;
      }
    }
  }
}

/** Clutter: a short thin stroke, which is no shape of any class. */
function stroke(draw: Draw): Coverage {
  const startX = draw.between(0, SIZE);
  const startY = draw.between(0, SIZE);
  const [dx, dy] = draw.direction();
  const length = draw.between(4, 11);
  const halfWidth = draw.between(0.3, 0.7);
  return (x, y) => {
    const along = clamp((x - startX) * dx + (y - startY) * dy, 0, length);
    const offX = x - startX - along * dx;
    const offY = y - startY - along * dy;
    return clamp(halfWidth + 0.5 - Math.sqrt(offX * offX + offY * offY), 0, 1);
  };
}

function shapeCoverage(draw: Draw, shape: (u: number, v: number) => number): Coverage {
  const radius = draw.between(7.5, 13.5);
  const margin = radius * 0.85;
  const centreX = draw.between(margin, SIZE - margin);
  const centreY = draw.between(margin, SIZE - margin);
  const [cos, sin] = draw.direction();
  const aspect = draw.between(0.87, 1.15);
  return (x, y) => {
    const dx = x - centreX;
    const dy = y - centreY;
    const u = ((dx * cos + dy * sin) / radius) * aspect;
    const v = (dy * cos - dx * sin) / radius / aspect;
    return clamp(0.5 - shape(u, v) * radius, 0, 1);
  };
}

/** A texture seen through a disc, a band or the whole image, so that the patch's outline says nothing. */
function textureCoverage(draw: Draw, texture: (u: number, v: number) => number): Coverage {
  const period = draw.between(5, 9.5);
  const [cos, sin] = draw.direction();
  const [phaseU, phaseV] = [draw.between(0, 1), draw.between(0, 1)];
  const whole = draw.chance(0.4);
  const [radiusX, radiusY] = [draw.between(11, 17), draw.between(11, 17)];
  const centreX = draw.between(10, 22);
  const centreY = draw.between(10, 22);
  const round = draw.chance(0.5);
  return (x, y) => {
    const dx = x - centreX;
    const dy = y - centreY;
    const u = (dx * cos + dy * sin) / period + phaseU;
    const v = (dy * cos - dx * sin) / period + phaseV;
    const ink = clamp(0.5 - texture(u, v) * period, 0, 1);
    if (whole || ink === 0) return ink;
    const [ex, ey] = [dx / radiusX, dy / radiusY];
    const edge = round ? Math.sqrt(ex * ex + ey * ey) - 1 : Math.max(Math.abs(ex), Math.abs(ey)) - 1;
    return ink * clamp(0.5 - edge * 12, 0, 1);
  };
}

/**
 * Draws image `index` of a half (0 training, 1 validation) of class `label`, 3072 bytes `[H, W, C]` into
 * `out` at `offset`. A pure function of its arguments.
 */
export function drawBuiltIn(
  seed: number,
  half: 0 | 1,
  index: number,
  label: number,
  out: Uint8Array,
  offset: number,
): void {
  const draw = new Draw(seed, index, half);
  const [ink, ground] = colourPair(draw);
  const groundField = smoothField(draw);
  const inkField = smoothField(draw);
  const canvas = new Float64Array(IMAGE_BYTES);
  paint(canvas, ground, () => 1, draw.between(0.03, 0.13), groundField);
  for (let left = Math.floor(draw.between(0, 5)); left > 0; left--) {
    paint(canvas, draw.colour(), stroke(draw), 0, groundField);
  }
  const kind = BUILT_IN_CLASSES[label]!;
  const coverage = 'shape' in kind ? shapeCoverage(draw, kind.shape) : textureCoverage(draw, kind.texture);
  paint(canvas, ink, coverage, draw.between(0.02, 0.1), inkField);
  if (draw.chance(0.35)) paint(canvas, draw.colour(), stroke(draw), 0, groundField);
  // Noise: the sum of the bytes of two halves of a word is triangular, near enough to a bell.
  const noise = draw.between(2, 14) / 128;
  for (let i = 0; i < IMAGE_BYTES; i += 2) {
    const word = draw.word();
    const first = (word & 0xff) + ((word >>> 8) & 0xff) - 255;
    const second = ((word >>> 16) & 0xff) + (word >>> 24) - 255;
    out[offset + i] = clamp(Math.floor(canvas[i]! * 255 + first * noise + 0.5), 0, 255);
    out[offset + i + 1] = clamp(Math.floor(canvas[i + 1]! * 255 + second * noise + 0.5), 0, 255);
  }
}
