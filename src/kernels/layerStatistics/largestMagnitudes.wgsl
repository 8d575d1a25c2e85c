// Largest magnitude of convolutions' outputs and largest inverse deviation of the normalizations behind them, of
// ${maps} layer(s) at once.
//
//   x                  [count]      f32 as bits  output of a convolution
//   inverseDeviations  any layout   f32 as bits  1/sqrt(variance + eps), `deviationCount` of them, `stride` apart
//   largest            [layers, 2]  u32          raised to the bits of both; layerRow.wgsl takes them and sets zero
// Bindings x and inverseDeviations of each layer in turn, then largest, then the parameters.
//
// Dispatch (most workgroups of a layer, 1, layers of this dispatch): z picks the layer; the workgroup behind those of
// its map reads the inverse deviations, if there are any, and those further behind do nothing. Without their sign the
// bits of floats are ordered as their values are, infinity above all numbers and NaN above infinity: an integer
// maximum, which comes out the same in any order, drops neither, and no float is touched that a compiler may assume
// finite.
// Source: the divergence recorder of docs/performance.md. Checked against reference.ts.

override LANES: u32 = 256u; // workgroup size

struct Params {
  count: u32,
  mapWorkgroups: u32,
  perWorkgroup: u32,
  layer: u32,
  firstDeviation: u32, // element of the first inverse deviation
  stride: u32,
  deviationCount: u32,
  unused: u32,         // to a multiple of 16 bytes
}

//# for i in maps
@group(0) @binding(${2*i}) var<storage, read> x${i}: array<u32>;
@group(0) @binding(${2*i+1}) var<storage, read> inverseDeviations${i}: array<u32>;
//# end
@group(0) @binding(${2*maps}) var<storage, read_write> largest: array<atomic<u32>>;
@group(0) @binding(${2*maps+1}) var<uniform> params: array<Params, ${maps}>;

const MAGNITUDE = 0x7fffffffu;

var<workgroup> workgroupLargest: atomic<u32>;

//# for i in maps
fn largestOfMap${i}(part: u32, lane: u32) -> u32 {
  let first = part * params[${i}].perWorkgroup;
  let end = min(params[${i}].count, first + params[${i}].perWorkgroup);
  var own = 0u;
  var at = first + lane;
  for (; at + 3u * LANES < end; at += 4u * LANES) { // four loads in flight
    let four = vec4u(x${i}[at], x${i}[at + LANES], x${i}[at + 2u * LANES], x${i}[at + 3u * LANES]) & vec4u(MAGNITUDE);
    let two = max(four.xy, four.zw);
    own = max(own, max(two.x, two.y));
  }
  for (; at < end; at += LANES) {
    own = max(own, x${i}[at] & MAGNITUDE);
  }
  return own;
}

fn largestInverse${i}(lane: u32) -> u32 {
  var own = 0u;
  for (var k = lane; k < params[${i}].deviationCount; k += LANES) {
    own = max(own, inverseDeviations${i}[params[${i}].firstDeviation + k * params[${i}].stride] & MAGNITUDE);
  }
  return own;
}

//# end
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let isMap = wg.x < params[wg.z].mapWorkgroups;
  if !isMap && (wg.x > params[wg.z].mapWorkgroups || params[wg.z].deviationCount == 0u) {
    return;
  }
  var own = 0u;
//# for i in maps
  if wg.z == ${i}u {
    if isMap {
      own = largestOfMap${i}(wg.x, lane);
    } else {
      own = largestInverse${i}(lane);
    }
  }
//# end
  atomicMax(&workgroupLargest, own);
  workgroupBarrier();
  if lane == 0u {
    atomicMax(&largest[2u * params[wg.z].layer + select(1u, 0u, isMap)], atomicLoad(&workgroupLargest));
  }
}
