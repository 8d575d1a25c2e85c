// One step of SGD with momentum for all parameters, which lie in one packed buffer, as do gradients and velocity.
//
//   parameters, velocity  [packed / 4]  vec4f  updated in place
//   gradients             [packed / 4]  vec4f
//   schedule              [steps]       vec4f  (lr, momentum, unused, unused)
//   counter               [1]           u32    step, 0-based
//
// Dispatch (ceil(vectors / (LANES * VECTORS)), 1, 1), folded into y past 65,535.
// As torch.optim.SGD: decay joins the gradient, b = momentum * b + g, p = p - lr * b; b starts at zero.

override LANES: u32 = 64u;   // workgroup size
override VECTORS: u32 = 4u;  // vectors per invocation

struct Params {
  vectors: u32,
  decay: f32,
}

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(3) var<storage, read> schedule: array<vec4f>;
@group(0) @binding(4) var<storage, read> counter: array<u32>;
@group(0) @binding(5) var<uniform> params: Params;

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
    let p = parameters[i];
    let b = row.y * velocity[i] + (gradients[i] + params.decay * p);
    velocity[i] = b;
    parameters[i] = p - row.x * b;
  }
}
