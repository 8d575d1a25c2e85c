// Sums of squares that hold any float, for norms of gradients, weights and updates.
//
// Squares are summed at two scales, since a gradient on its way to divergence leaves the range in which f32 squares
// fit: `small` holds values from 2^-85 to 2^28, `large` those above (what it loses, below 2, is then nothing beside
// them). `bits` is the largest magnitude without its sign, as an integer: it picks the scale, and carries infinity and
// NaN, which sums may lose.

const SMALL_SCALE = 0x1p22f;
const LARGE_SCALE = 0x1p-64f;
const LARGE_FROM = 0x4d800000u; // bits of 2^28: 2^26 squares of it still fit at the small scale
const NOT_FINITE = 0x7f800000u; // bits of infinity; those of NaN are above

struct Magnitude {
  small: f32, // sum of (value * SMALL_SCALE)^2
  large: f32, // sum of (value * LARGE_SCALE)^2
  bits: u32,
}

fn mergeMagnitudes(a: Magnitude, b: Magnitude) -> Magnitude {
  return Magnitude(a.small + b.small, a.large + b.large, max(a.bits, b.bits));
}
