// Loads and stores of the filter-gradient kernels, four channels at a time. Appended to them, so that line
// numbers in messages are those of the kernel's own file. Channel counts that are no multiple of four take
// scalars; what is read past the last channel is a neighbour's and not stored.

// Floats per element of the arrays.
const SOURCE_WIDTH: u32 = ${sourceWidth}u;
const GRADIENT_WIDTH: u32 = ${gradientWidth}u;

fn loadSource(index: u32) -> vec4f {
//# if sourceVector
  return source[index];
//# else
//# if isImage
  return vec4f(source[index], source[index + 1u], source[index + 2u], 0.0);
//# else
  return vec4f(source[index], source[index + 1u], source[index + 2u], source[index + 3u]);
//# end
//# end
}

fn loadGradient(index: u32) -> vec4f {
//# if gradientVector
  return gradient[index];
//# else
  return vec4f(gradient[index], gradient[index + 1u], gradient[index + 2u], gradient[index + 3u]);
//# end
}

fn store(row: u32, o: u32, value: vec4f) {
  if o >= params.outChannels {
    return;
  }
  let element = row * params.outChannels + o;
//# if gradientVector
  partials[element / 4u] = value;
//# else
  for (var i = 0u; i < min(4u, params.outChannels - o); i++) {
    partials[element + i] = value[i];
  }
//# end
}
