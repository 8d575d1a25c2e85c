// Copies the filters before the optimizer changes them: a copy command would have to end the compute pass.
//
//   parameters  packed  f32  filters first, as in `parameterTable`
//   before      packed  f32  out: the first `vectors` vectors
// Bindings 0 to 1 in this order, then 2 the parameters.
//
// Dispatch (ceil(vectors / (LANES * VECTORS)), 1, 1), folded into y past 65,535. Bits are copied as they are.

override LANES: u32 = 64u;  // workgroup size
override VECTORS: u32 = 4u; // vectors per invocation

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> before: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) wg: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (wg.y * workgroups.x + wg.x) * LANES * VECTORS + lane;
  for (var k = 0u; k < VECTORS; k++) {
    let i = first + k * LANES;
    if i < params.vectors {
      before[i] = parameters[i];
    }
  }
}
