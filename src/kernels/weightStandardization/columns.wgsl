// What the kernels share: vectors of output channels, the search for a workgroup's filter, the spread of a channel, the
// sum over a workgroup's rows. Appended to them, so that line numbers in messages are those of the kernel's own file.

alias Vec = ${vector};          // channels handled at once: four where every filter's outC allows it
const WIDTH: u32 = ${width}u;   // floats in a Vec
const TILE: u32 = 4u;           // Vecs of a workgroup
const ROWS: u32 = ${rows}u;          // lanes that share a Vec, a power of two
const LANES: u32 = TILE * ROWS;

// Filters are few and sorted: a linear search costs less than a table entry per workgroup.
fn findFilter(workgroupIndex: u32) -> u32 {
  var found = 0u;
  while found + 1u < params.count && workgroupIndex >= params.filters[found + 1u].firstWorkgroup {
    found++;
  }
  return found;
}

// Rows of a lane that are added up before their sums are: in one long f32 sum the rounding of every term is that of the
// total.
const CHUNK = 64u;

// Mean and deviation of a channel from the sums over its shifted weights.
struct Spread {
  mean: Vec,
  deviation: Vec,
}

fn spreadOf(sum: Vec, squares: Vec, count: f32) -> Spread {
  let mean = sum / count;
  return Spread(mean, sqrt(max(squares - count * mean * mean, Vec()) / max(count - 1.0, 1.0)));
}

//# if isScaled
// Deviation that standardized filters have under Scaled WS; without, it is one.
// Source: Brock et al. 2021, arXiv:2101.08692, section 4, for ReLU.
fn scaledGain(fanIn: u32) -> f32 {
  return ${gamma} / sqrt(f32(fanIn));
}
//# end

// Sum over the lanes of one Vec (lane = row * TILE + Vec), in a fixed tree; every lane gets its Vec's total.
//# if isShared
var<workgroup> rowSums: array<Vec, LANES>;

fn sumRows(value: Vec, lane: u32) -> Vec {
  rowSums[lane] = value;
  workgroupBarrier();
  for (var rows = ROWS / 2u; rows > 0u; rows /= 2u) {
    if lane < rows * TILE {
      rowSums[lane] += rowSums[lane + rows * TILE];
    }
    workgroupBarrier();
  }
  let total = rowSums[lane % TILE];
  workgroupBarrier(); // all lanes have read the total before the memory is used again
  return total;
}
//# else
fn sumRows(value: Vec, lane: u32) -> Vec {
  return value; // one lane has it all
}
//# end
