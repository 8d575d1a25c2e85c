// SGD with momentum for one vector of parameters and its velocity. Appended to kernels that declare `Vec`,
// `parameters` and `params` with the rule's constants; `row` is theirs from the schedule: lr, momentum.
//
//   velocity  packed  f32  like the parameters, updated in place
//
// Source: torch.optim.SGD: decay joins the gradient, b = momentum * b + g, p = p - lr * b; b starts at zero.

@group(0) @binding(${firstMoment}) var<storage, read_write> velocity: array<Vec>;

struct State {
  parameter: Vec,
  velocity: Vec,
}

// The state of vector `i` after a step with gradient `g`; stores nothing.
fn updated(i: u32, p: Vec, g: Vec, row: vec4f) -> State {
  let b = row.y * velocity[i] + (g + params.decay * p);
  return State(p - row.x * b, b);
}

fn keep(i: u32, state: State) {
  velocity[i] = state.velocity;
  parameters[i] = state.parameter;
}
