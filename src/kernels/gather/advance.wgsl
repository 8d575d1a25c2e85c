// Adds `by` to the first word of a counter: the last dispatch of a step, after every reader of the counter.
//
//   counter  [1]  u32
// Binding 0, then 1 the parameters.
//
// Dispatch (1, 1, 1). Wraps at 2^32, far beyond any run.

struct Params {
  by: u32,
}

@group(0) @binding(0) var<storage, read_write> counter: array<u32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  counter[0] += params.by;
}
