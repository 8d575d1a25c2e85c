// Loads and stores of the gather kernels, four channels at a time. Appended to them, so that line numbers in
// messages are those of the kernel's own file. Channel counts that are no multiple of four take scalars; of those,
// an image's three are known beforehand.

// Floats per element of the arrays.
const SOURCE_WIDTH: u32 = ${sourceWidth}u;
const FILTER_WIDTH: u32 = ${filterWidth}u;

// Four channels of a source pixel from element `index` on; those past the first `rest` are zero.
fn loadSource(index: u32, rest: u32) -> vec4f {
//# if sourceVector
  return source[index];
//# else
//# if isImage
  return vec4f(source[index], source[index + 1u], source[index + 2u], 0.0);
//# else
  return vec4f(
    source[index],
    select(0.0, source[index + 1u], rest > 1u),
    select(0.0, source[index + 2u], rest > 2u),
    select(0.0, source[index + 3u], rest > 3u),
  );
//# end
//# end
}

// Four weights from element `index` on; those past the first `rest` are zero.
fn loadWeights(index: u32, rest: u32) -> vec4f {
//# if filterVector
  return filters[index];
//# else
  return vec4f(
    filters[index],
    select(0.0, filters[index + 1u], rest > 1u),
    select(0.0, filters[index + 2u], rest > 2u),
    select(0.0, filters[index + 3u], rest > 3u),
  );
//# end
}

// Channels past the last are not stored.
fn store(pixel: u32, m: u32, value: vec4f) {
  let channels = params.resultChannels;
  if m >= channels {
    return;
  }
  let element = pixel * channels + m;
//# if resultVector
  let index = element / 4u;
  if params.accumulate == 1u {
    result[index] += value;
  } else {
    result[index] = value;
  }
//# else
  for (var i = 0u; i < min(4u, channels - m); i++) {
    if params.accumulate == 1u {
      result[element + i] += value[i];
    } else {
      result[element + i] = value[i];
    }
  }
//# end
}
