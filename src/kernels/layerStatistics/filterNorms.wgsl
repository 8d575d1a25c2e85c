// Norms of every filter's gradient, weights and update, first half: sums of squares over parts of the filters.
//
//   gradients      packed   f32
//   before, after  packed   f32               the parameters before and after the update
//   parts          [parts]  FilterMagnitudes  out
// Bindings 0 to 3 in this order, then 4 the parameters.
//
// Dispatch (parts, 1, 1): a workgroup sums one part of one filter, `partSize` elements or fewer at its end. Lanes
// stride over it and are merged in a fixed tree, so equal inputs give equal bits.
// Needs filterMagnitudes.wgsl and shared/lanes.wgsl. The second half is layerRow.wgsl. Checked against reference.ts.

override LANES: u32 = 256u;     // workgroup size, a power of two
override PART_SIZE: u32 = 8192u; // elements, a multiple of 4 * LANES

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> before: array<f32>;
@group(0) @binding(2) var<storage, read> after: array<f32>;
@group(0) @binding(3) var<storage, read_write> parts: array<FilterMagnitudes>;
@group(0) @binding(4) var<uniform> params: Params;

// Four Magnitudes side by side.
struct FourMagnitudes {
  small: vec4f,
  large: vec4f,
  bits: vec4u,
}

fn addSquares(sum: FourMagnitudes, values: vec4f) -> FourMagnitudes {
  let small = values * SMALL_SCALE;
  let large = values * LARGE_SCALE;
  let bits = bitcast<vec4u>(values) & vec4u(0x7fffffffu);
  return FourMagnitudes(sum.small + small * small, sum.large + large * large, max(sum.bits, bits));
}

fn joinFour(sum: FourMagnitudes) -> Magnitude {
  let small = sum.small.xy + sum.small.zw;
  let large = sum.large.xy + sum.large.zw;
  let bits = max(sum.bits.xy, sum.bits.zw);
  return Magnitude(small.x + small.y, large.x + large.y, max(bits.x, bits.y));
}

// Filters are few and sorted: a linear search costs less than a table entry per workgroup.
fn findFilter(part: u32) -> vec4u {
  var found = 0u;
  while found + 1u < params.layers && part >= params.filters[found + 1u].z {
    found++;
  }
  return params.filters[found];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let f = findFilter(wg.x);
  let first = f.x + (wg.x - f.z) * PART_SIZE;
  let end = min(f.x + f.y, first + PART_SIZE);
  var gradient = FourMagnitudes();
  var weight = FourMagnitudes();
  var update = FourMagnitudes();
  var i = first + lane;
  for (; i + 3u * LANES < end; i += 4u * LANES) {
    let at = i + vec4u(0u, LANES, 2u * LANES, 3u * LANES);
    let old = vec4f(before[at.x], before[at.y], before[at.z], before[at.w]);
    let new_ = vec4f(after[at.x], after[at.y], after[at.z], after[at.w]);
    gradient = addSquares(gradient, vec4f(gradients[at.x], gradients[at.y], gradients[at.z], gradients[at.w]));
    weight = addSquares(weight, old);
    update = addSquares(update, new_ - old);
  }
  for (; i < end; i += LANES) {
    gradient = addSquares(gradient, vec4f(gradients[i], 0.0, 0.0, 0.0));
    weight = addSquares(weight, vec4f(before[i], 0.0, 0.0, 0.0));
    update = addSquares(update, vec4f(after[i] - before[i], 0.0, 0.0, 0.0));
  }
  let total = mergeLanes(FilterMagnitudes(joinFour(gradient), joinFour(weight), joinFour(update)), lane);
  if lane == 0u {
    parts[wg.x] = total;
  }
}
