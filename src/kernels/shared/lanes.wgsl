// The lanes of a workgroup merged in a fixed tree, by `${merge}(a, b)`; lane 0 gets the total.
//
// Needs `LANES`, a power of two.

var<workgroup> laneItems: array<${item}, LANES>;

fn mergeLanes(own: ${item}, lane: u32) -> ${item} {
  laneItems[lane] = own;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if lane < stride {
      laneItems[lane] = ${merge}(laneItems[lane], laneItems[lane + stride]);
    }
    workgroupBarrier();
  }
  return laneItems[0];
}
