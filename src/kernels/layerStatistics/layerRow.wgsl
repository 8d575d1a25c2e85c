// Norms of every filter's gradient, weights and update, second half: merges the parts and writes the step's row
// of the ring.
//
//   parts    [parts]            FilterMagnitudes  from filterNorms.wgsl
//   largest  [layers, 2]        u32               from largestMagnitudes.wgsl; set back to zero
//   counter  [1]                u32               step, 0-based
//   ring     [rows, layers, 4]  f32 as bits       out, row counter / every % rows: gradient norm, relative update,
//                                                 largest activation, smallest deviation
// Bindings 0 to 3 in this order, then 4 the parameters.
//
// Dispatch (layers, 1, 1): one workgroup per layer; lanes stride over its parts and are merged in a fixed tree.
// Everything that is not finite is found and written as an integer: WGSL lets compilers assume that no such float
// exists. Of no normalization the deviation is NaN; of a weight norm of zero the relative update is infinite, or
// zero where nothing moved.
// A deviation far below sqrt(eps) has few digits left in 1/sqrt(variance + eps): it is right to about 2e-6.
// Needs filterMagnitudes.wgsl and shared/lanes.wgsl. Checked against reference.ts.

override LANES: u32 = 64u; // workgroup size, a power of two

@group(0) @binding(0) var<storage, read> parts: array<FilterMagnitudes>;
@group(0) @binding(1) var<storage, read_write> largest: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read> counter: array<u32>;
@group(0) @binding(3) var<storage, read_write> ring: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

const NOT_A_NUMBER = 0x7fc00000u;

// The bits of the norm.
fn norm(m: Magnitude) -> u32 {
  if m.bits >= NOT_FINITE {
    return m.bits;
  }
  if m.bits < LARGE_FROM {
    return bitcast<u32>(sqrt(m.small) * (1.0 / SMALL_SCALE));
  }
  let root = sqrt(m.large);
  if root >= 0x1p64f {
    return NOT_FINITE;
  }
  return bitcast<u32>(root * (1.0 / LARGE_SCALE));
}

fn relativeUpdate(update: u32, weight: u32) -> u32 {
  if weight >= NOT_FINITE {
    return NOT_A_NUMBER;
  }
  if update >= NOT_FINITE || update == 0u {
    return update;
  }
  if weight == 0u {
    return NOT_FINITE;
  }
  return bitcast<u32>(bitcast<f32>(update) / bitcast<f32>(weight));
}

fn deviation(inverse: u32) -> u32 {
  if params.hasDeviations == 0u || inverse >= NOT_FINITE {
    return NOT_A_NUMBER;
  }
  if inverse == 0u { // the variance was infinite
    return NOT_FINITE;
  }
  let r = bitcast<f32>(inverse);
  return bitcast<u32>(sqrt(max(1.0 - params.eps * r * r, 0.0)) / r);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let f = params.filters[wg.x];
  var own = FilterMagnitudes();
  for (var part = lane; part < f.w; part += LANES) {
    own = mergeFilters(own, parts[f.z + part]);
  }
  let total = mergeLanes(own, lane);
  if lane == 0u {
    let row = counter[0] / params.every % params.rows;
    let at = 4u * (row * params.layers + wg.x);
    ring[at] = norm(total.gradient);
    ring[at + 1u] = relativeUpdate(norm(total.update), norm(total.weight));
    ring[at + 2u] = atomicExchange(&largest[2u * wg.x], 0u);
    ring[at + 3u] = deviation(atomicExchange(&largest[2u * wg.x + 1u], 0u));
  }
}
