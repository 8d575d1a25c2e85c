// One step of the optimizer for all parameters, which lie in one packed buffer, as do gradients and moments.
//
//   parameters  [packed / 4]  vec4f  updated in place
//   gradients   [packed / 4]  vec4f
//   schedule    [rows]        vec4f  of the optimizer's rule
//   counter     [1]           u32    step, 0-based
// Bindings 0 to 3 in this order, then 4 the parameters and, with clipping,
//   coefficient [1]           f32    what every gradient is multiplied with
//
// Dispatch (ceil(vectors / (LANES * VECTORS)), 1, 1), folded into y past 65,535. Needs adamWRule.wgsl or sgdRule.wgsl.

alias Vec = vec4f;

override LANES: u32 = 64u;   // workgroup size
override VECTORS: u32 = 4u;  // vectors per invocation

struct Params {
  vectors: u32,
  decay: f32,
  beta2: f32,
  oneMinusBeta2: f32, // rounded from double: 1 - f32(beta2) would lose digits
  eps: f32,
}

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read> schedule: array<vec4f>;
@group(0) @binding(3) var<storage, read> counter: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;
//# if isClipped
@group(0) @binding(5) var<storage, read> coefficient: array<f32>;
//# end

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) wg: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = schedule[counter[0] % arrayLength(&schedule)]; // a window of the run, used as a ring
  let first = (wg.y * workgroups.x + wg.x) * LANES * VECTORS + lane;
  for (var k = 0u; k < VECTORS; k++) {
    let i = first + k * LANES;
    if i >= params.vectors {
      return;
    }
//# if isClipped
    keep(i, updated(i, parameters[i], gradients[i] * coefficient[0], row));
//# else
    keep(i, updated(i, parameters[i], gradients[i], row));
//# end
  }
}
