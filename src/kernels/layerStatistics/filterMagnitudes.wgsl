// What filterNorms.wgsl and layerRow.wgsl share: the table of filters, and sums of squares that hold any float.
//
// Needs `LANES`, a power of two. Squares are summed at two scales, since a gradient on its way to divergence
// leaves the range in which f32 squares fit: `small` holds values from 2^-85 to 2^28, `large` those above
// (what it loses, below 2, is then nothing beside them). `bits` is the largest magnitude without its sign,
// as an integer: it picks the scale, and carries infinity and NaN, which sums may lose.

const SMALL_SCALE = 0x1p22f;
const LARGE_SCALE = 0x1p-64f;
const LARGE_FROM = 0x4d800000u;    // bits of 2^28: 2^26 squares of it still fit at the small scale
const NOT_FINITE = 0x7f800000u;    // bits of infinity; those of NaN are above
const MOST_LAYERS = 64u;

struct Magnitude {
  small: f32, // sum of (value * SMALL_SCALE)^2
  large: f32, // sum of (value * LARGE_SCALE)^2
  bits: u32,
}

struct FilterMagnitudes {
  gradient: Magnitude,
  weight: Magnitude, // before the update
  update: Magnitude,
}

struct Params {
  layers: u32,
  every: u32,         // steps between samples
  rows: u32,          // of the ring
  hasDeviations: u32, // 0 without normalization
  eps: f32,           // of the normalization
  @align(16) filters: array<vec4u, MOST_LAYERS>, // first element, elements, first part, parts
}

var<workgroup> laneMagnitudes: array<FilterMagnitudes, LANES>;

fn mergeMagnitudes(a: Magnitude, b: Magnitude) -> Magnitude {
  return Magnitude(a.small + b.small, a.large + b.large, max(a.bits, b.bits));
}

fn mergeFilters(a: FilterMagnitudes, b: FilterMagnitudes) -> FilterMagnitudes {
  return FilterMagnitudes(
    mergeMagnitudes(a.gradient, b.gradient),
    mergeMagnitudes(a.weight, b.weight),
    mergeMagnitudes(a.update, b.update),
  );
}

// Merges the lanes in a fixed tree; lane 0 gets the total.
fn mergeLanes(own: FilterMagnitudes, lane: u32) -> FilterMagnitudes {
  laneMagnitudes[lane] = own;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if lane < stride {
      laneMagnitudes[lane] = mergeFilters(laneMagnitudes[lane], laneMagnitudes[lane + stride]);
    }
    workgroupBarrier();
  }
  return laneMagnitudes[0];
}
