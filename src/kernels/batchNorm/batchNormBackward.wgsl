// Batch normalization backward, second half: merges the partial sums into dgamma = sum(dz * xhat) and
// dbeta = sum(dz), then dx = gamma * rstd * (dz - dbeta / P - xhat * dgamma / P).
//
//   dy, y, x, dx  [P, C]         f32  P = N*H*W pixels, NHWC; with RELU, dz = [y > 0] dy, else dz = dy
//   stats         [2, C]         f32  mean, rstd of the forward pass
//   parameters    packed         f32  gamma [C] at its offset
//   partials      [2, parts, C]  f32  from batchNormBackwardSums.wgsl
//   gradients     packed         f32  out: dgamma [C] and dbeta [C] at their offsets
// Bindings from 0: dy, y, x, stats, parameters, partials, gradients, dx, the parameters.
//
// Dispatch (blocks, tiles, 1), or a range of the blocks: a workgroup computes `blockPixels` pixels of TILE channel
// vectors; block 0 writes dgamma and dbeta. Needs shared/sums.wgsl. Source: Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.

alias Vec = vec4f; // f32 where C is no multiple of four

override LANES: u32 = 256u;
override TILE: u32 = 4u; // channel vectors per workgroup, a power of two
override ROWS: u32 = 64u; // LANES / TILE
override RELU: bool = true;

struct Params {
  pixels: u32,  // P
  vectors: u32, // channel vectors per pixel
  parts: u32,
  blockPixels: u32,
  gamma: u32,   // offsets in vectors: parameters
  gradientGamma: u32, // and gradients
  gradientBeta: u32,
  firstBlock: u32, // of the dispatch
}

@group(0) @binding(0) var<storage, read> dy: array<Vec>;
@group(0) @binding(1) var<storage, read> y: array<Vec>;
@group(0) @binding(2) var<storage, read> x: array<Vec>;
@group(0) @binding(3) var<storage, read> stats: array<Vec>;
@group(0) @binding(4) var<storage, read> parameters: array<Vec>;
@group(0) @binding(5) var<storage, read> partials: array<Vec>;
@group(0) @binding(6) var<storage, read_write> gradients: array<Vec>;
@group(0) @binding(7) var<storage, read_write> dx: array<Vec>;
@group(0) @binding(8) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let blockIndex = params.firstBlock + wg.x;
  let vector = wg.y * TILE + lane % TILE;
  let row = lane / TILE;
  let inside = vector < params.vectors;

  var own = Sums(Vec(0.0), Vec(0.0));
  if inside {
    for (var part = row; part < params.parts; part += ROWS) {
      let at = part * params.vectors + vector;
      own.dz += partials[at];
      own.dzXhat += partials[params.parts * params.vectors + at];
    }
  }
  let total = sumRows(own, lane);
  if !inside {
    return;
  }
  if blockIndex == 0u && row == 0u {
    gradients[params.gradientGamma + vector] = total.dzXhat;
    gradients[params.gradientBeta + vector] = total.dz;
  }

  let mean = stats[vector];
  let rstd = stats[params.vectors + vector];
  let scale = rstd * parameters[params.gamma + vector];
  let meanDz = total.dz / f32(params.pixels);
  let slope = rstd * total.dzXhat / f32(params.pixels);
  let end = min(params.pixels, (blockIndex + 1u) * params.blockPixels);
  let stride = ROWS * params.vectors;
  var i = (blockIndex * params.blockPixels + row) * params.vectors + vector;
  for (var pixel = blockIndex * params.blockPixels + row; pixel < end; pixel += ROWS) {
    var dz = dy[i];
    if RELU {
      dz = select(dz, Vec(0.0), y[i] <= Vec(0.0));
    }
    dx[i] = scale * (dz - meanDz - (x[i] - mean) * slope);
    i += stride;
  }
}
