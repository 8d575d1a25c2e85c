// Norm of all gradients together, first half: sums of squares over parts of the packed buffer.
//
//   gradients  [packed / 4]  vec4f      zeros between tensors
//   parts      [parts]       Magnitude  out
// Bindings 0 and 1 in this order, then 2 the parameters.
//
// Dispatch (parts, 1, 1): a workgroup sums LANES * VECTORS vectors, or fewer at the end. Lanes stride over them, add up
// runs of CHUNK, and are merged in a fixed tree, so equal inputs give equal bits.
// Needs shared/lanes.wgsl and shared/magnitudes.wgsl. The second half is coefficient.wgsl. Checked against reference.ts.

override LANES: u32 = 256u;  // workgroup size, a power of two
override VECTORS: u32 = 8u;  // vectors per lane

// In one long f32 sum the rounding of every term is that of the total.
const CHUNK = 32u;

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> parts: array<Magnitude>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let end = min(params.vectors, (wg.x + 1u) * LANES * VECTORS);
  var small = vec4f();
  var large = vec4f();
  var bits = vec4u();
  var i = wg.x * LANES * VECTORS + lane;
  while i < end {
    var chunkSmall = vec4f();
    var chunkLarge = vec4f();
    let chunkEnd = min(end, i + CHUNK * LANES);
    for (; i < chunkEnd; i += LANES) {
      let values = gradients[i];
      let s = values * SMALL_SCALE;
      let l = values * LARGE_SCALE;
      chunkSmall += s * s;
      chunkLarge += l * l;
      bits = max(bits, bitcast<vec4u>(values) & vec4u(0x7fffffffu));
    }
    small += chunkSmall;
    large += chunkLarge;
  }
  let own = Magnitude(
    (small.x + small.y) + (small.z + small.w),
    (large.x + large.y) + (large.z + large.w),
    max(max(bits.x, bits.y), max(bits.z, bits.w)),
  );
  let total = mergeLanes(own, lane);
  if lane == 0u {
    parts[wg.x] = total;
  }
}
