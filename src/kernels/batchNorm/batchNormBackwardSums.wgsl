// Batch normalization backward, first half: per channel the sums over one part of the pixels of
// dz = [y > 0] dy and of dz * xhat, where xhat = (x - mean) * rstd.
//
//   dy, y, x, dz  [P, C]         f32  P = N*H*W pixels, NHWC; y is unread without RELU, dz unwritten without STORE
//   stats         [2, C]         f32  mean, rstd of the forward pass
//   partials      [2, parts, C]  f32  out: sums of dz, then of dz * xhat
// Bindings from 0: dy, y, x, stats, partials, dz, the parameters.
//
// Dispatch (parts, tiles, 1) or a range of the parts, as batchNormStatistics.wgsl. dz is stored only where it is
// wanted as such, as the gradient of a residual; the second half then reads it, else it masks dy again.
// Needs shared/sums.wgsl. Source: Ioffe & Szegedy 2015, arXiv:1502.03167, section 3. Checked against reference.ts.

alias Vec = vec4f; // f32 where C is no multiple of four

override LANES: u32 = 256u;
override TILE: u32 = 4u; // channel vectors per workgroup, a power of two
override ROWS: u32 = 64u; // LANES / TILE
override RELU: bool = true;
override STORE: bool = false;

struct Params {
  pixels: u32,     // P
  vectors: u32,    // channel vectors per pixel
  parts: u32,
  partPixels: u32, // pixels per part; the last part may have fewer
  firstPart: u32,  // of the dispatch
}

@group(0) @binding(0) var<storage, read> dy: array<Vec>;
@group(0) @binding(1) var<storage, read> y: array<Vec>;
@group(0) @binding(2) var<storage, read> x: array<Vec>;
@group(0) @binding(3) var<storage, read> stats: array<Vec>;
@group(0) @binding(4) var<storage, read_write> partials: array<Vec>;
@group(0) @binding(5) var<storage, read_write> dz: array<Vec>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = params.firstPart + wg.x;
  let vector = wg.y * TILE + lane % TILE;
  let end = min(params.pixels, (part + 1u) * params.partPixels);

  var own = Sums(Vec(0.0), Vec(0.0));
  if vector < params.vectors {
    let mean = stats[vector];
    let stride = ROWS * params.vectors;
    var pixel = part * params.partPixels + lane / TILE;
    var i = pixel * params.vectors + vector;
    while (pixel < end) {
      var chunk = Sums(Vec(0.0), Vec(0.0));
      let chunkEnd = min(end, pixel + CHUNK * ROWS);
      for (; pixel < chunkEnd; pixel += ROWS) {
        var g = dy[i];
        if RELU {
          g = select(g, Vec(0.0), y[i] <= Vec(0.0));
        }
        if STORE {
          dz[i] = g;
        }
        chunk.dz += g;
        chunk.dzXhat += g * (x[i] - mean);
        i += stride;
      }
      own.dz += chunk.dz;
      own.dzXhat += chunk.dzXhat;
    }
    own.dzXhat *= stats[params.vectors + vector];
  }

  let total = sumRows(own, lane);
  if lane < TILE && vector < params.vectors {
    let at = part * params.vectors + vector;
    partials[at] = total.dz;
    partials[params.parts * params.vectors + at] = total.dzXhat;
  }
}
