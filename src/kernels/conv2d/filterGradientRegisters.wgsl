// Filter gradient of a convolution: implicit GEMM from storage into a register tile, split over the batch.
//
//   source    [N, S, S, inC]                f32   the convolution's input
//   gradient  [N, R, R, outC]               f32   the gradient of its output
//   partials  [splits, kH*kW*inC, outC]     f32   to be summed over the splits, in ascending order
//
// A thread computes ${rows} input channels of one tap by ${columns} output channels, over the output rows
// (of all images) of its split. Along a row it visits only the pixels whose tap lies inside the input.
//
// Dispatch (outC / (columns * threads x), taps * ceil(inC / rows) / threads y, splits).
// No atomics: each split has its own output, so equal inputs give equal bits.

struct Params {
  batch: u32,       // N
  kernel: u32,      // kH = kW
  stride: u32,
  padding: u32,
  inSize: u32,      // S
  inChannels: u32,
  outSize: u32,     // R
  outChannels: u32,
  splits: u32,
}

@group(0) @binding(0) var<storage, read> source: array<${sourceType}>;
@group(0) @binding(1) var<storage, read> gradient: array<${gradientType}>;
@group(0) @binding(2) var<storage, read_write> partials: array<${gradientType}>;
@group(0) @binding(3) var<uniform> params: Params;

// Channels past the last one read a neighbour's and are not stored.
fn loadSource(element: u32) -> vec4f {
//# if sourceVector
  return source[element / 4u];
//# else
  return vec4f(source[element], source[element + 1u], source[element + 2u], source[element + 3u]);
//# end
}

fn loadGradient(element: u32) -> vec4f {
//# if gradientVector
  return gradient[element / 4u];
//# else
  return vec4f(gradient[element], gradient[element + 1u], gradient[element + 2u], gradient[element + 3u]);
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

@compute @workgroup_size(${threadsX}, ${threadsY})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let blocks = (params.inChannels + ${rows}u - 1u) / ${rows}u; // of input channels
  let tap = id.y / blocks;
  let c = id.y % blocks * ${rows}u;
  let o = id.x * ${columns}u;
  if tap >= params.kernel * params.kernel || o >= params.outChannels {
    return;
  }
  let ky = tap / params.kernel;
  let kx = tap % params.kernel;

  // Output columns x with 0 <= x * stride + kx - padding < inSize.
  let firstX = (max(params.padding, kx) - kx + params.stride - 1u) / params.stride;
  let endX = min(params.outSize, (max(params.inSize + params.padding, kx) - kx + params.stride - 1u) / params.stride);

  let lines = params.batch * params.outSize;
  let firstLine = lines * id.z / params.splits;
  let endLine = lines * (id.z + 1u) / params.splits;

//# for q in rowVectors
//# for r in 4
//# for j in columnVectors
  var sum${q}_${r}_${j} = vec4f();
//# end
//# end
//# end
  for (var line = firstLine; line < endLine; line++) {
    let y = line % params.outSize * params.stride + ky - params.padding; // wraps to a large number when negative
    if y >= params.inSize {
      continue;
    }
    let image = line / params.outSize;
    var sourceAt = ((image * params.inSize + y) * params.inSize + firstX * params.stride + kx - params.padding)
      * params.inChannels + c;
    var gradientAt = (line * params.outSize + firstX) * params.outChannels + o;
    for (var x = firstX; x < endX; x++) {
//# for j in columnVectors
      let dy${j} = loadGradient(gradientAt + ${j}u * 4u);
//# end
//# for q in rowVectors
      {
        let value = loadSource(sourceAt + ${q}u * 4u);
//# for r in 4
//# for j in columnVectors
        sum${q}_${r}_${j} += value[${r}] * dy${j};
//# end
//# end
      }
//# end
      sourceAt += params.stride * params.inChannels;
      gradientAt += params.outChannels;
    }
  }

  let firstRow = (id.z * params.kernel * params.kernel + tap) * params.inChannels + c;
//# for q in rowVectors
//# for r in 4
  if c + ${q}u * 4u + ${r}u < params.inChannels {
//# for j in columnVectors
    store(firstRow + ${q}u * 4u + ${r}u, o + ${j}u * 4u, sum${q}_${r}_${j});
//# end
  }
//# end
//# end
}
