// Group normalization, backward to the input: with dz = [y > 0] dy, xhat = (x - mean) * rstd and the group's
// m = P * C / G values, dx = rstd * (gamma * dz - sum(gamma * dz) / m - xhat * sum(gamma * dz * xhat) / m).
//
//   dy, y, x, dx, dz  [N, P, C]     f32    P = H*W pixels, NHWC; y is unread without RELU
//   stats             [N, G]        vec2f  mean, rstd of the forward pass
//   parameters        packed        f32    gamma [C] at its offset
//   partials          [2, N, C]     f32    out: sums over pixels of dz, then of dz * xhat
// Bindings from 0: dy, y, x, stats, parameters, partials, dx, the parameters.
//
// Dispatch (tiles, N, 1) or a range of the images, as groupNormForward.wgsl. groupNormParameters.wgsl then sums the
// partials over the images. dz is written where a residual wants it: storeDz.wgsl, else dropDz.wgsl.
// Needs shared/sums.wgsl and fourChannels.wgsl or oneChannel.wgsl.
// Source: derivative of Wu & He 2018, arXiv:1803.08494, section 3.1. Checked against reference.ts.

override LANES: u32 = 256u;
override TILE: u32 = 4u;   // channel vectors per workgroup: whole groups
override ROWS: u32 = 64u;  // pixels at a time, a power of two, ROWS * TILE <= LANES
override GROUPS: u32 = 8u; // groups per tile
override RELU: bool = true;

struct Params {
  batch: u32,      // N
  pixels: u32,     // P
  vectors: u32,    // channel vectors per pixel
  groups: u32,     // G
  groupWidth: u32, // channels per group
  gamma: u32,      // offset in vectors
  firstImage: u32, // of the dispatch
}

@group(0) @binding(0) var<storage, read> dy: array<Vec>;
@group(0) @binding(1) var<storage, read> y: array<Vec>;
@group(0) @binding(2) var<storage, read> x: array<Vec>;
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read> parameters: array<Vec>;
@group(0) @binding(5) var<storage, read_write> partials: array<Vec>;
@group(0) @binding(6) var<storage, read_write> dx: array<Vec>;
@group(0) @binding(7) var<uniform> params: Params;

var<workgroup> groupStats: array<vec2f, GROUPS>;

// Of the group of one channel of the tile.
fn groupValue(channel: u32) -> vec2f {
  return groupStats[channel / params.groupWidth];
}

fn maskedGradient(i: u32) -> Vec {
  if RELU {
    return select(dy[i], Vec(0.0), y[i] <= Vec(0.0));
  }
  return dy[i];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = params.firstImage + wg.y;
  let vector = wg.x * TILE + lane % TILE;
  let row = lane / TILE;
  let inside = vector < params.vectors && row < ROWS;
  let first = image * params.pixels * params.vectors + vector;
  let stride = ROWS * params.vectors;
  let channel = (lane % TILE) * WIDTH;

  for (var g = lane; g < GROUPS; g += LANES) {
    groupStats[g] = stats[image * params.groups + min(wg.x * GROUPS + g, params.groups - 1u)];
  }
  workgroupBarrier();
  let mean = groupFirst(channel);
  let rstd = groupSecond(channel);

  var own = Sums(Vec(0.0), Vec(0.0));
  var gamma = Vec(0.0);
  if inside {
    gamma = parameters[params.gamma + vector];
    var pixel = row;
    var i = first + row * params.vectors;
    while (pixel < params.pixels) {
      var chunk = Sums(Vec(0.0), Vec(0.0));
      let chunkEnd = min(params.pixels, pixel + CHUNK * ROWS);
      for (; pixel < chunkEnd; pixel += ROWS) {
        let dz = maskedGradient(i);
        storeDz(i, dz);
        chunk.dz += dz;
        chunk.dzXhat += dz * (x[i] - mean);
        i += stride;
      }
      own.dz += chunk.dz;
      own.dzXhat += chunk.dzXhat;
    }
    own.dzXhat *= rstd;
  }
  let total = sumRows(own, lane);
  if lane < TILE {
    if inside {
      let at = image * params.vectors + vector;
      partials[at] = total.dz;
      partials[params.batch * params.vectors + at] = total.dzXhat;
    }
    laneSums[lane] = Sums(gamma * total.dz, gamma * total.dzXhat);
  }
  workgroupBarrier();

  for (var g = lane; g < GROUPS; g += LANES) {
    var sums = vec2f(0.0);
    for (var k = 0u; k < params.groupWidth; k++) {
      let at = g * params.groupWidth + k;
      let part = laneSums[at / WIDTH];
      sums += vec2f(component(part.dz, at % WIDTH), component(part.dzXhat, at % WIDTH));
    }
    groupStats[g] = sums / f32(params.pixels * params.groupWidth);
  }
  workgroupBarrier();

  if inside {
    let meanDz = groupFirst(channel);
    let slope = groupSecond(channel) * rstd;
    var i = first + row * params.vectors;
    for (var pixel = row; pixel < params.pixels; pixel += ROWS) {
      dx[i] = rstd * (gamma * maskedGradient(i) - meanDz - (x[i] - mean) * slope);
      i += stride;
    }
  }
}
