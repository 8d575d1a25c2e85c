// Group normalization, forward: y = [relu](gamma * (x - mean) * rstd + beta [+ residual]) with the statistics
// of each image's group of channels.
//
//   x, residual, y  [N, P, C]  f32    P = H*W pixels, NHWC; residual is unread without RESIDUAL
//   parameters      packed     f32    gamma [C] and beta [C] at their offsets
//   stats           [N, G]     vec2f  out: mean, rstd = 1/sqrt(variance + eps), population variance
// Bindings from 0: x, residual, parameters, stats, y, the parameters.
//
// Dispatch (tiles, N, 1), or a range of the images: a workgroup owns TILE channel vectors of one image, always whole
// groups, and so needs no second dispatch: statistics first, then it reads its part of x, up to 64 KiB, again from
// cache.
// Moments are merged, never E[x^2] - E[x]^2, which in f32 fails once |mean| is large against the deviation.
// relu is a select, not max, because max may drop a NaN.
// Needs shared/moments.wgsl and fourChannels.wgsl or oneChannel.wgsl.
// Source: Wu & He 2018, arXiv:1803.08494, section 3.1. Checked against reference.ts.

override LANES: u32 = 256u;
override TILE: u32 = 4u;   // channel vectors per workgroup: whole groups
override ROWS: u32 = 64u;  // pixels at a time, a power of two, ROWS * TILE <= LANES
override GROUPS: u32 = 8u; // groups per tile
override RELU: bool = true;
override RESIDUAL: bool = false;

struct Params {
  pixels: u32,     // P
  vectors: u32,    // channel vectors per pixel
  groups: u32,     // G
  groupWidth: u32, // channels per group
  gamma: u32,      // offsets in vectors
  beta: u32,
  eps: f32,
  firstImage: u32, // of the dispatch
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read> residual: array<Vec>;
@group(0) @binding(2) var<storage, read> parameters: array<Vec>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<Vec>;
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> groupStats: array<vec2f, GROUPS>;

// Of the group of one channel of the tile.
fn groupValue(channel: u32) -> vec2f {
  return groupStats[channel / params.groupWidth];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = params.firstImage + wg.y;
  let vector = wg.x * TILE + lane % TILE;
  let row = lane / TILE;
  let inside = vector < params.vectors && row < ROWS;
  let first = image * params.pixels * params.vectors + vector;
  let stride = ROWS * params.vectors;

  var own = Moments(Vec(0.0), Vec(0.0), 0.0);
  if inside {
    var pixel = row;
    var i = first + row * params.vectors;
    while (pixel + 3u * ROWS < params.pixels) {
      var chunk = Moments(Vec(0.0), Vec(0.0), 0.0);
      let chunkEnd = min(params.pixels, pixel + CHUNK * ROWS);
      for (; pixel + 3u * ROWS < chunkEnd; pixel += 4u * ROWS) {
        chunk = mergeMoments(chunk, momentsOfFour(x[i], x[i + stride], x[i + 2u * stride], x[i + 3u * stride]));
        i += 4u * stride;
      }
      own = mergeMoments(own, chunk);
    }
    for (; pixel < params.pixels; pixel += ROWS) {
      own = mergeMoments(own, Moments(x[i], Vec(0.0), 1.0));
      i += stride;
    }
  }
  let total = mergeRows(own, lane);
  if lane < TILE {
    laneMoments[lane] = total;
  }
  workgroupBarrier();

  for (var g = lane; g < GROUPS; g += LANES) {
    // Channels of a group have as many values each, so that k of them weigh k to 1.
    var mean = 0.0;
    var squares = 0.0;
    for (var k = 0u; k < params.groupWidth; k++) {
      let channel = g * params.groupWidth + k;
      let part = laneMoments[channel / WIDTH];
      let delta = component(part.mean, channel % WIDTH) - mean;
      mean += delta / f32(k + 1u);
      squares += component(part.squares, channel % WIDTH) + delta * delta * (f32(params.pixels * k) / f32(k + 1u));
    }
    let rstd = inverseSqrt(squares / f32(params.pixels * params.groupWidth) + params.eps);
    groupStats[g] = vec2f(mean, rstd);
    let group = wg.x * GROUPS + g;
    if group < params.groups {
      stats[image * params.groups + group] = vec2f(mean, rstd);
    }
  }
  workgroupBarrier();

  if inside {
    let channel = (lane % TILE) * WIDTH;
    let mean = groupFirst(channel);
    let scale = groupSecond(channel) * parameters[params.gamma + vector];
    let shift = parameters[params.beta + vector];
    var i = first + row * params.vectors;
    for (var pixel = row; pixel < params.pixels; pixel += ROWS) {
      // The mean is subtracted first: folding it into the shift would cancel digits when it is large.
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
}
