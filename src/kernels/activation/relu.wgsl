// y = relu(x [+ residual]), for a network without normalization.
//
//   x, residual, y  [values]  f32  any shape; residual is unread without RESIDUAL
// Bindings 0 to 2 in this order, then 3 the parameters.
//
// Dispatch (ceil(vectors / (LANES * VECTORS)), 1, 1), folded into y past 65,535.
// relu is a select, not max, because max may drop a NaN.
// Source: He et al. 2015, arXiv:1512.03385, figure 2 (addition, then ReLU). Checked against reference.ts.

alias Vec = vec4f; // f32 where the number of values is no multiple of four

override LANES: u32 = 64u;  // workgroup size
override VECTORS: u32 = 4u; // vectors per invocation
override RESIDUAL: bool = false;

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read> residual: array<Vec>;
@group(0) @binding(2) var<storage, read_write> y: array<Vec>;
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
    var z = x[i];
    if RESIDUAL {
      z += residual[i];
    }
    y[i] = select(z, Vec(0.0), z < Vec(0.0));
  }
}
