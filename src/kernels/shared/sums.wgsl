// Sums of dz and of dz * xhat over the rows of a workgroup, in a fixed order.
//
// Needs `alias Vec`, `LANES`, `TILE` and `ROWS` of the including kernel: lane = row * TILE + channel vector.

// Lanes add runs of CHUNK pixels before they add those up: in one long f32 sum the rounding of every term is
// that of the total, and a lane of a narrow workgroup sees hundreds of pixels.
const CHUNK = 16u;

struct Sums {
  dz: Vec,
  dzXhat: Vec,
}

var<workgroup> laneSums: array<Sums, LANES>;

// Every lane gets the total of its channel vector.
fn sumRows(own: Sums, lane: u32) -> Sums {
  laneSums[lane] = own;
  workgroupBarrier();
  for (var stride = ROWS / 2u; stride > 0u; stride /= 2u) {
    if lane < stride * TILE {
      laneSums[lane].dz += laneSums[lane + stride * TILE].dz;
      laneSums[lane].dzXhat += laneSums[lane + stride * TILE].dzXhat;
    }
    workgroupBarrier();
  }
  let total = laneSums[lane % TILE];
  workgroupBarrier(); // all lanes have read the total before the memory is used again
  return total;
}
