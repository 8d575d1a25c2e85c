// Without a residual nobody wants the gradient before the ReLU, and there is no binding for it.
fn storeDz(i: u32, dz: Vec) {
}
