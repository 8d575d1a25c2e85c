// Group normalization, gradients of gamma and beta: the partial sums of each image, summed over the images.
//
//   partials   [2, N, C]  f32  from groupNormBackward.wgsl
//   gradients  packed     f32  out: dgamma [C] and dbeta [C] at their offsets
// Bindings 0 to 1 in this order, then 2 the parameters.
//
// Dispatch (tiles, 1, 1): a workgroup sums TILE channel vectors, every row a share of the images, in a
// fixed order. Needs shared/sums.wgsl.
// Source: derivative of Wu & He 2018, arXiv:1803.08494, section 3.1. Checked against reference.ts.

alias Vec = vec4f; // f32 where C is no multiple of four

override LANES: u32 = 256u;
override TILE: u32 = 4u; // channel vectors per workgroup, a power of two
override ROWS: u32 = 64u; // LANES / TILE

struct Params {
  batch: u32,   // N
  vectors: u32, // channel vectors
  gradientGamma: u32, // offsets in vectors
  gradientBeta: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<Vec>;
@group(0) @binding(1) var<storage, read_write> gradients: array<Vec>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vector = wg.x * TILE + lane % TILE;
  let inside = vector < params.vectors;
  var own = Sums(Vec(0.0), Vec(0.0));
  if inside {
    for (var n = lane / TILE; n < params.batch; n += ROWS) {
      own.dz += partials[n * params.vectors + vector];
      own.dzXhat += partials[(params.batch + n) * params.vectors + vector];
    }
  }
  let total = sumRows(own, lane);
  if inside && lane < TILE {
    gradients[params.gradientGamma + vector] = total.dzXhat;
    gradients[params.gradientBeta + vector] = total.dz;
  }
}
