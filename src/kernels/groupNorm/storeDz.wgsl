// Keeps the gradient before the ReLU, which is the residual's.
@group(0) @binding(8) var<storage, read_write> residualGradient: array<Vec>;

fn storeDz(i: u32, dz: Vec) {
  residualGradient[i] = dz;
}
