// Norm of all gradients together, second half: merges the parts and says what every gradient is to be multiplied with,
// min(1, largest / (norm + 1e-6)).
//
//   parts        [parts]  Magnitude    from squares.wgsl
//   coefficient  [1]      f32 as bits  out
// Bindings 0 and 1 in this order, then 2 the parameters.
//
// Dispatch (1, 1, 1): lanes stride over the parts and are merged in a fixed tree.
// Of a norm that is infinite or NaN, or beyond what f32 holds, the coefficient is NaN, so that the step is seen to have
// diverged; an infinite norm would make it zero, and of what is left of the gradient a step. That is found and written
// as an integer: WGSL lets compilers assume that no such float exists.
// Source: torch.nn.utils.clip_grad_norm_ with error_if_nonfinite=False, apart from the infinite norm; Pascanu et al.
// 2013, arXiv:1211.5063. Needs shared/lanes.wgsl and shared/magnitudes.wgsl. Checked against reference.ts.

override LANES: u32 = 256u; // workgroup size, a power of two

struct Params {
  parts: u32,
  largest: f32, // norm that is left as it is
  eps: f32,
}

@group(0) @binding(0) var<storage, read> parts: array<Magnitude>;
@group(0) @binding(1) var<storage, read_write> coefficient: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

const NOT_A_NUMBER = 0x7fc00000u;

// The bits of the coefficient.
fn coefficientOf(m: Magnitude) -> u32 {
  if m.bits >= NOT_FINITE {
    return NOT_A_NUMBER;
  }
  var norm = sqrt(m.small) * (1.0 / SMALL_SCALE);
  if m.bits >= LARGE_FROM {
    let root = sqrt(m.large);
    if root >= 0x1p64f {
      return NOT_A_NUMBER;
    }
    norm = root * (1.0 / LARGE_SCALE);
  }
  return bitcast<u32>(min(1.0, params.largest / (norm + params.eps)));
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  var own = Magnitude();
  for (var part = lane; part < params.parts; part += LANES) {
    own = mergeMagnitudes(own, parts[part]);
  }
  let total = mergeLanes(own, lane);
  if lane == 0u {
    coefficient[0] = coefficientOf(total);
  }
}
