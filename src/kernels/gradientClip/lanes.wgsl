// What squares.wgsl and coefficient.wgsl share: the lanes of a workgroup merged in a fixed tree.
//
// Needs `LANES`, a power of two, and shared/magnitudes.wgsl.

var<workgroup> laneMagnitudes: array<Magnitude, LANES>;

// Merges the lanes in a fixed tree; lane 0 gets the total.
fn mergeLanes(own: Magnitude, lane: u32) -> Magnitude {
  laneMagnitudes[lane] = own;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if lane < stride {
      laneMagnitudes[lane] = mergeMagnitudes(laneMagnitudes[lane], laneMagnitudes[lane + stride]);
    }
    workgroupBarrier();
  }
  return laneMagnitudes[0];
}
