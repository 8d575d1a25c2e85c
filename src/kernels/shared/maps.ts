import type { BufferSlice, Shader } from '#gpu/command.ts';
import { MAX_WORKGROUPS, workgroupRanges, type WorkgroupRange } from './ranges.ts';

/** A batch of feature maps, `[N, H*W, C]` float32. */
export interface MapShape {
  /** N, images. */
  readonly batch: number;
  /** H*W, of one image. */
  readonly pixels: number;
  readonly channels: number;
}

/** Scale and shift of one layer inside a packed buffer (parameters or their gradients). */
export interface AffineSlices {
  readonly buffer: GPUBuffer;
  /** First element of gamma (`<layer>.weight`), a multiple of 4: `TensorSpec.offset`. */
  readonly gamma: number;
  /** First element of beta (`<layer>.bias`), a multiple of 4. */
  readonly beta: number;
}

/** `count` workgroups or a few more, as `(x, y, 1)`; the kernel reads `y * num_workgroups.x + x`. */
export function foldWorkgroups(count: number): [number, number, number] {
  const rows = Math.ceil(count / MAX_WORKGROUPS);
  return [Math.ceil(count / rows), rows, 1];
}

/** Loads per access: four channels at once where their count allows it. */
export function vectorWidth(channels: number): 4 | 1 {
  return channels % 4 === 0 ? 4 : 1;
}

/** The kernel for vectors of `width` floats: its source is written for four, `alias Vec` decides. */
export function forWidth(code: string, width: 4 | 1): string {
  if (width === 4) return code;
  const scalar = code.replace('alias Vec = vec4f;', 'alias Vec = f32;');
  if (scalar === code) throw new Error('forWidth: the kernel declares no `alias Vec = vec4f;`');
  return scalar;
}

/**
 * How reductions over maps are cut. A graphics card wants many lanes with few pixels each; on a software
 * adapter every barrier costs microseconds per four lanes, and few lanes with long loops are fastest.
 */
export interface MapTuning {
  /** Workgroup size, a power of two from 4 to 256. */
  readonly lanes: number;
  /** Pixels that one lane walks over, at least, where the map has as many. */
  readonly pixelsPerLane: number;
  /**
   * Values of a batch that one dispatch of a normalization goes over, where it takes longer for all of them than the
   * page can wait. The bits are the same.
   */
  readonly mostValues?: number;
}

/** For graphics cards. */
export const WIDE_MAPS: MapTuning = { lanes: 256, pixelsPerLane: 8 };
/** For software adapters (`AdapterDescription.isFallback`): some 50 ms for the slowest kernel. */
export const NARROW_MAPS: MapTuning = { lanes: 4, pixelsPerLane: 256, mostValues: 2 ** 21 };

/** The better of the two for an adapter, as measured; docs/performance.md has the figures. */
export function mapTuning(isFallback: boolean): MapTuning {
  return isFallback ? NARROW_MAPS : WIDE_MAPS;
}

/** Candidates of graphics cards, to be timed on the adapter; the default first. */
export const MAP_CANDIDATES: readonly MapTuning[] = [
  WIDE_MAPS,
  { lanes: 128, pixelsPerLane: 8 },
  { lanes: 64, pixelsPerLane: 8 },
  // More workgroups for small batches, fewer for large ones.
  { lanes: 256, pixelsPerLane: 2 },
  { lanes: 64, pixelsPerLane: 32 },
];

/** How a kernel over `[N*H*W, C]` cuts its work: a workgroup is `rows` pixels times `tile` channel vectors. */
export interface Tiling {
  /** Floats per vector. */
  readonly width: 4 | 1;
  /** Vectors per pixel. */
  readonly vectors: number;
  /** Vectors per workgroup row, a power of two. */
  readonly tile: number;
  /** Workgroups that cover the vectors of one pixel. */
  readonly tiles: number;
  readonly lanes: number;
  readonly rows: number;
}

/** Sixteen channels, one cache line of 64 bytes, per row; fewer where the map or the workgroup has fewer. */
export function tiling(channels: number, lanes: number): Tiling {
  const width = vectorWidth(channels);
  const vectors = channels / width;
  let tile = 1;
  while (tile < vectors && tile < lanes && tile * width < 16) tile *= 2;
  return { width, vectors, tile, tiles: Math.ceil(vectors / tile), lanes, rows: lanes / tile };
}

/** Cuts `count` workgroups that share the maps of a batch evenly into the dispatches that the tuning wants. */
export function mapRanges(
  shape: MapShape,
  count: number,
  { mostValues = Infinity }: MapTuning = WIDE_MAPS,
): WorkgroupRange[] {
  return workgroupRanges(count, Math.ceil(mapSize(shape) / mostValues));
}

/** A shader over tiled maps: sources joined (the main one first, so that its line numbers hold), overrides set. */
export function tiledShader(
  label: string,
  sources: readonly string[],
  tiling: Tiling,
  bindings: Shader['bindings'],
  flags: Readonly<Record<string, boolean>> = {},
): Shader {
  return {
    label,
    code: forWidth(sources.join('\n'), tiling.width),
    bindings,
    constants: {
      LANES: tiling.lanes,
      TILE: tiling.tile,
      ROWS: tiling.rows,
      ...Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, value ? 1 : 0])),
    },
  };
}

/** @throws {RangeError} when an extent of `shape` is not a positive integer. */
export function checkMap(kernel: string, shape: MapShape): void {
  for (const [axis, extent] of Object.entries(shape)) {
    if (!(Number.isInteger(extent) && extent > 0)) {
      throw new RangeError(`${kernel}: ${axis} is ${extent}; it must be a positive integer`);
    }
  }
}

/**
 * Place of a packed tensor in vectors of `width` floats.
 * @throws {RangeError} when `element` does not start a vector.
 */
export function vectorOffset(kernel: string, element: number, width: number): number {
  if (element % width !== 0) {
    throw new RangeError(`${kernel}: packed offset ${element} must be a multiple of ${width}`);
  }
  return element / width;
}

/** The first `count` floats of a buffer as a binding: scratch buffers may be larger than their tensor. */
export function floats(buffer: GPUBuffer, count: number): BufferSlice {
  return { buffer, size: count * 4 };
}

/** Values of a batch of maps. */
export function mapSize(shape: MapShape): number {
  return shape.batch * shape.pixels * shape.channels;
}
