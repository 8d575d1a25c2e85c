// One AdamW step for all parameters, which lie in one packed buffer, as do gradients and moments.
//
//   parameters, mean, square  [packed / 4]  vec4f  updated in place
//   gradients                 [packed / 4]  vec4f
//   schedule                  [steps]       vec4f  (lr, beta1, lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t)), t = step + 1
//   counter                   [1]           u32    step, 0-based
//
// Dispatch (ceil(vectors / (LANES * VECTORS)), 1, 1), folded into y past 65,535. Decay is decoupled and
// reaches every parameter. The corrections come from the host in double precision; eps is added after the
// correction. p - (lr * decay) * p, not (1 - lr * decay) * p: that factor would be rounded to multiples of 6e-8.
// Source: Loshchilov & Hutter 2019, arXiv:1711.05101; fastai v1's defaults with PyTorch's bias correction.

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
@group(0) @binding(2) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> square: array<vec4f>;
@group(0) @binding(4) var<storage, read> schedule: array<vec4f>;
@group(0) @binding(5) var<storage, read> counter: array<u32>;
@group(0) @binding(6) var<uniform> params: Params;

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
    let g = gradients[i];
    let p = parameters[i];
    let m = row.y * mean[i] + (1.0 - row.y) * g;
    let v = params.beta2 * square[i] + params.oneMinusBeta2 * g * g;
    mean[i] = m;
    square[i] = v;
    parameters[i] = p - (row.x * params.decay) * p - row.z * m / (sqrt(v) * row.w + params.eps);
  }
}
