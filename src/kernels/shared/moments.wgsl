// Count, mean and sum of squared deviations of one vector of channels, merged pairwise in a fixed order.
//
// Needs `alias Vec`, `LANES`, `TILE` and `ROWS` of the including kernel: lane = row * TILE + channel vector.
// The merge never subtracts two large squares, so a mean far above the deviation costs no digits.
// Source: Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".

// Lanes merge runs of CHUNK pixels, a multiple of four, before they merge those: a chain of hundreds of
// merges would round the mean as often.
const CHUNK = 32u;

struct Moments {
  mean: Vec,
  squares: Vec, // sum of (x - mean)^2
  count: f32,   // an integer below 2^24
}

var<workgroup> laneMoments: array<Moments, LANES>;

fn mergeMoments(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0); // two empty sets merge into an empty one
  let delta = b.mean - a.mean;
  return Moments(a.mean + delta * share, a.squares + b.squares + delta * delta * (a.count * share), count);
}

// Two passes over four values that are in registers anyway: one merge, and one division, for four loads.
fn momentsOfFour(a: Vec, b: Vec, c: Vec, d: Vec) -> Moments {
  let mean = a + ((b - a) + (c - a) + (d - a)) * 0.25;
  let squares = (a - mean) * (a - mean) + (b - mean) * (b - mean) + (c - mean) * (c - mean) + (d - mean) * (d - mean);
  return Moments(mean, squares, 4.0);
}

// Merges the rows of the workgroup; every lane gets the total of its channel vector.
fn mergeRows(own: Moments, lane: u32) -> Moments {
  laneMoments[lane] = own;
  workgroupBarrier();
  for (var stride = ROWS / 2u; stride > 0u; stride /= 2u) {
    if lane < stride * TILE {
      laneMoments[lane] = mergeMoments(laneMoments[lane], laneMoments[lane + stride * TILE]);
    }
    workgroupBarrier();
  }
  let total = laneMoments[lane % TILE];
  workgroupBarrier(); // all lanes have read the total before the memory is used again
  return total;
}
