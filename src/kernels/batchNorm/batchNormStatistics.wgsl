// Batch statistics, first half: mean and squared deviations of every channel over one part of the pixels.
//
//   x         [P, C]         f32   activations, P = N*H*W pixels, NHWC
//   partials  [2, parts, C]  f32   mean of each part, then its sum of squared deviations
// Bindings 0 to 1 in this order, then 2 the parameters.
//
// Dispatch (parts, tiles, 1), or a range of the parts: a workgroup reduces `partPixels` pixels of TILE channel
// vectors. Lanes of one row read neighbouring channels of one pixel; rows take every ROWS-th pixel, four at a time.
// E[x^2] - E[x]^2 is avoided: in f32 it loses most digits once |mean| is large against the deviation.
// Needs shared/moments.wgsl. The second half is batchNormApply.wgsl.
// Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1. Checked against reference.ts.

alias Vec = vec4f; // f32 where C is no multiple of four

override LANES: u32 = 256u;
override TILE: u32 = 4u; // channel vectors per workgroup, a power of two
override ROWS: u32 = 64u; // LANES / TILE

struct Params {
  pixels: u32,     // P
  vectors: u32,    // channel vectors per pixel
  parts: u32,
  partPixels: u32, // pixels per part; the last part may have fewer
  firstPart: u32,  // of the dispatch
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read_write> partials: array<Vec>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = params.firstPart + wg.x;
  let vector = wg.y * TILE + lane % TILE;
  let end = min(params.pixels, (part + 1u) * params.partPixels);
  let stride = ROWS * params.vectors;

  var own = Moments(Vec(0.0), Vec(0.0), 0.0);
  if vector < params.vectors {
    var pixel = part * params.partPixels + lane / TILE;
    var i = pixel * params.vectors + vector;
    while (pixel + 3u * ROWS < end) {
      var chunk = Moments(Vec(0.0), Vec(0.0), 0.0);
      let chunkEnd = min(end, pixel + CHUNK * ROWS);
      for (; pixel + 3u * ROWS < chunkEnd; pixel += 4u * ROWS) {
        chunk = mergeMoments(chunk, momentsOfFour(x[i], x[i + stride], x[i + 2u * stride], x[i + 3u * stride]));
        i += 4u * stride;
      }
      own = mergeMoments(own, chunk);
    }
    for (; pixel < end; pixel += ROWS) {
      own = mergeMoments(own, Moments(x[i], Vec(0.0), 1.0));
      i += stride;
    }
  }

  let total = mergeRows(own, lane);
  if lane < TILE && vector < params.vectors {
    let at = part * params.vectors + vector;
    partials[at] = total.mean;
    partials[params.parts * params.vectors + at] = total.squares;
  }
}
