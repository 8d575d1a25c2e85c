// Largest magnitude of a convolution's output and largest inverse deviation of the normalization behind it.
//
//   x                  [count]      f32 as bits  output of the convolution
//   inverseDeviations  any layout   f32 as bits  1/sqrt(variance + eps), `deviationCount` of them, `stride` apart
//   largest            [layers, 2]  u32          raised to the bits of both; layerRow.wgsl takes them and sets zero
// Bindings 0 to 2 in this order, then 3 the parameters.
//
// Dispatch (ceil(count / perWorkgroup) + 1, 1, 1): the last workgroup reads the inverse deviations; without
// normalization it is left out. Without their sign the bits of floats are ordered as their values are, infinity
// above all numbers and NaN above infinity: an integer maximum, which comes out the same in any order, drops
// neither, and no float is touched that a compiler may assume finite.

override LANES: u32 = 256u; // workgroup size

struct Params {
  count: u32,
  perWorkgroup: u32,
  layer: u32,
  firstDeviation: u32, // element of the first inverse deviation
  stride: u32,
  deviationCount: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> inverseDeviations: array<u32>;
@group(0) @binding(2) var<storage, read_write> largest: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

const MAGNITUDE = 0x7fffffffu;

var<workgroup> workgroupLargest: atomic<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = wg.x * params.perWorkgroup;
  let isMap = first < params.count;
  var own = 0u;
  if isMap {
    let end = min(params.count, first + params.perWorkgroup);
    var i = first + lane;
    for (; i + 3u * LANES < end; i += 4u * LANES) { // four loads in flight
      let four = vec4u(x[i], x[i + LANES], x[i + 2u * LANES], x[i + 3u * LANES]) & vec4u(MAGNITUDE);
      let two = max(four.xy, four.zw);
      own = max(own, max(two.x, two.y));
    }
    for (; i < end; i += LANES) {
      own = max(own, x[i] & MAGNITUDE);
    }
  } else {
    for (var k = lane; k < params.deviationCount; k += LANES) {
      own = max(own, inverseDeviations[params.firstDeviation + k * params.stride] & MAGNITUDE);
    }
  }
  atomicMax(&workgroupLargest, own);
  workgroupBarrier();
  if lane == 0u {
    atomicMax(&largest[2u * params.layer + select(1u, 0u, isMap)], atomicLoad(&workgroupLargest));
  }
}
