import { normals } from '#lib/randomStream.ts';

/** Normal numbers for kernel tests: `count` of them, another sequence for every `tensor`. */
export function signal(tensor: number, count: number, mean: number, deviation: number): Float32Array {
  return normals(2026, 0, tensor, count).map((value) => mean + deviation * value);
}
