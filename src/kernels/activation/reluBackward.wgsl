// dz = [y > 0] dy: gradient of relu(x [+ residual]) for x and residual alike.
//
//   dy, y, dz  [values]  f32  any shape
// Bindings 0 to 2 in this order, then 3 the parameters.
//
// Dispatch (ceil(vectors / (LANES * VECTORS)), 1, 1), folded into y past 65,535.
// At y = 0 the gradient is zero, as in PyTorch. Checked against reference.ts.

alias Vec = vec4f; // f32 where the number of values is no multiple of four

override LANES: u32 = 64u;  // workgroup size
override VECTORS: u32 = 4u; // vectors per invocation

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read> dy: array<Vec>;
@group(0) @binding(1) var<storage, read> y: array<Vec>;
@group(0) @binding(2) var<storage, read_write> dz: array<Vec>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) wg: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (wg.y * workgroups.x + wg.x) * LANES * VECTORS + lane;
  let end = min(params.vectors, first + LANES * VECTORS);
  for (var i = first; i < end; i += LANES) {
    dz[i] = select(dy[i], Vec(0.0), y[i] <= Vec(0.0));
  }
}
