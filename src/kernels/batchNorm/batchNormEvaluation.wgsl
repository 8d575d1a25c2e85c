// Batch normalization in evaluation: y = [relu](gamma * (x - mean) / sqrt(variance + eps) + beta [+ residual])
// with the running statistics, which are only read.
//
//   x, residual, y  [P, C]  f32  P = N*H*W pixels, NHWC; residual is unread without RESIDUAL
//   parameters      packed  f32  gamma [C] and beta [C] at their offsets
//   running         packed  f32  mean [C] and variance [C] at their offsets
// Bindings from 0: x, residual, parameters, running, y, the parameters.
//
// Dispatch (blocks, tiles, 1), or a range of the blocks: a workgroup normalizes `blockPixels` pixels of TILE
// channel vectors.
// relu is a select, not max, because max may drop a NaN.
// Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2. Checked against reference.ts.

alias Vec = vec4f; // f32 where C is no multiple of four

override LANES: u32 = 256u;
override TILE: u32 = 4u; // channel vectors per workgroup, a power of two
override ROWS: u32 = 64u; // LANES / TILE
override RELU: bool = true;
override RESIDUAL: bool = false;

struct Params {
  pixels: u32,  // P
  vectors: u32, // channel vectors per pixel
  blockPixels: u32,
  gamma: u32,   // offsets in vectors
  beta: u32,
  runningMean: u32,
  runningVariance: u32,
  eps: f32,
  firstBlock: u32, // of the dispatch
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read> residual: array<Vec>;
@group(0) @binding(2) var<storage, read> parameters: array<Vec>;
@group(0) @binding(3) var<storage, read> running: array<Vec>;
@group(0) @binding(4) var<storage, read_write> y: array<Vec>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let blockIndex = params.firstBlock + wg.x;
  let vector = wg.y * TILE + lane % TILE;
  if vector >= params.vectors {
    return;
  }
  let mean = running[params.runningMean + vector];
  let variance = running[params.runningVariance + vector];
  let scale = inverseSqrt(variance + params.eps) * parameters[params.gamma + vector];
  let shift = parameters[params.beta + vector];
  let end = min(params.pixels, (blockIndex + 1u) * params.blockPixels);
  let stride = ROWS * params.vectors;
  var i = (blockIndex * params.blockPixels + lane / TILE) * params.vectors + vector;
  for (var pixel = blockIndex * params.blockPixels + lane / TILE; pixel < end; pixel += ROWS) {
    var z = (x[i] - mean) * scale + shift;
    if RESIDUAL {
      z += residual[i];
    }
    if RELU {
      z = select(z, Vec(0.0), z < Vec(0.0));
    }
    y[i] = z;
    i += stride;
  }
}
