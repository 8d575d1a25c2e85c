// Batch normalization in training, second half: merges the partial statistics, then
// y = [relu](gamma * (x - mean) * rstd + beta [+ residual]).
//
//   x, residual, y  [P, C]         f32  P = N*H*W pixels, NHWC; residual is unread without RESIDUAL
//   parameters      packed         f32  gamma [C] and beta [C] at their offsets
//   partials        [2, parts, C]  f32  from batchNormStatistics.wgsl
//   stats           [2, C]         f32  out: mean, then rstd = 1/sqrt(variance + eps), population variance
//   running         packed         f32  mean [C] and unbiased variance [C] at their offsets, updated in place
// Bindings from 0: x, residual, parameters, partials, stats, running, y, the parameters.
//
// Dispatch (blocks, tiles, 1), or a range of the blocks: a workgroup normalizes `blockPixels` pixels of TILE
// channel vectors. Each merges the partials of its channels anew (a few KiB, in cache), which saves a dispatch;
// block 0 writes the statistics. relu is a select, not max, because max may drop a NaN.
// Needs shared/moments.wgsl. Source: Ioffe & Szegedy 2015, arXiv:1502.03167; running update as in PyTorch.

alias Vec = vec4f; // f32 where C is no multiple of four

override LANES: u32 = 256u;
override TILE: u32 = 4u; // channel vectors per workgroup, a power of two
override ROWS: u32 = 64u; // LANES / TILE
override RELU: bool = true;
override RESIDUAL: bool = false;

struct Params {
  pixels: u32,     // P
  vectors: u32,    // channel vectors per pixel
  parts: u32,
  partPixels: u32,
  blockPixels: u32,
  gamma: u32,      // offsets in vectors
  beta: u32,
  runningMean: u32,
  runningVariance: u32,
  eps: f32,
  momentum: f32,   // share of the batch in the running statistics
  firstBlock: u32, // of the dispatch
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read> residual: array<Vec>;
@group(0) @binding(2) var<storage, read> parameters: array<Vec>;
@group(0) @binding(3) var<storage, read> partials: array<Vec>;
@group(0) @binding(4) var<storage, read_write> stats: array<Vec>;
@group(0) @binding(5) var<storage, read_write> running: array<Vec>;
@group(0) @binding(6) var<storage, read_write> y: array<Vec>;
@group(0) @binding(7) var<uniform> params: Params;

fn partCount(part: u32) -> f32 {
  return f32(min(params.pixels, (part + 1u) * params.partPixels) - part * params.partPixels);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let blockIndex = params.firstBlock + wg.x;
  let vector = wg.y * TILE + lane % TILE;
  let row = lane / TILE;
  let inside = vector < params.vectors;

  var own = Moments(Vec(0.0), Vec(0.0), 0.0);
  if inside {
    for (var part = row; part < params.parts; part += ROWS) {
      let at = part * params.vectors + vector;
      let squares = partials[params.parts * params.vectors + at];
      own = mergeMoments(own, Moments(partials[at], squares, partCount(part)));
    }
  }
  let total = mergeRows(own, lane);
  if !inside {
    return;
  }
  let variance = total.squares / total.count;
  let rstd = inverseSqrt(variance + params.eps);

  if blockIndex == 0u && row == 0u {
    stats[vector] = total.mean;
    stats[params.vectors + vector] = rstd;
    // One value has no unbiased variance; it then counts as zero.
    let unbiased = total.squares / max(total.count - 1.0, 1.0);
    let mean = params.runningMean + vector;
    running[mean] += params.momentum * (total.mean - running[mean]);
    let deviation = params.runningVariance + vector;
    running[deviation] += params.momentum * (unbiased - running[deviation]);
  }

  let scale = rstd * parameters[params.gamma + vector];
  let shift = parameters[params.beta + vector];
  let end = min(params.pixels, (blockIndex + 1u) * params.blockPixels);
  let stride = ROWS * params.vectors;
  var i = (blockIndex * params.blockPixels + row) * params.vectors + vector;
  for (var pixel = blockIndex * params.blockPixels + row; pixel < end; pixel += ROWS) {
    // The mean is subtracted first: folding it into the shift would cancel digits when it is large.
    var z = (x[i] - total.mean) * scale + shift;
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
