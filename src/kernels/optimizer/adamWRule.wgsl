// AdamW for one vector of parameters and its moments. Appended to kernels that declare `Vec`, `parameters` and
// `params` with the rule's constants; `row` is theirs from the schedule:
//   lr, beta1, lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t)      t = step + 1
//
//   mean, square  packed  f32  like the parameters, updated in place
//
// Decay is decoupled and reaches every parameter. The corrections come from the host in double precision; eps is
// added after the correction. p - (lr * decay) * p, not (1 - lr * decay) * p: that factor would be rounded to
// multiples of 6e-8.
// Source: Loshchilov & Hutter 2019, arXiv:1711.05101; fastai v1's defaults with PyTorch's bias correction.

@group(0) @binding(${firstMoment}) var<storage, read_write> mean: array<Vec>;
@group(0) @binding(${firstMoment+1}) var<storage, read_write> square: array<Vec>;

struct State {
  parameter: Vec,
  mean: Vec,
  square: Vec,
}

// The state of vector `i` after a step with gradient `g`; stores nothing.
fn updated(i: u32, p: Vec, g: Vec, row: vec4f) -> State {
  let m = row.y * mean[i] + (1.0 - row.y) * g;
  let v = params.beta2 * square[i] + params.oneMinusBeta2 * g * g;
  return State(p - (row.x * params.decay) * p - row.z * m / (sqrt(v) * row.w + params.eps), m, v);
}

fn keep(i: u32, state: State) {
  mean[i] = state.mean;
  square[i] = state.square;
  parameters[i] = state.parameter;
}
