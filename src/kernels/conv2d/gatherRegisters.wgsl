// Convolution (forward) and its input gradient: implicit GEMM from storage into a register tile.
//
//   source   [N, S, S, K]          f32   forward: the input; input gradient: the output's gradient
//   filters  [kH, kW, inC, outC]   f32   (forward: K = inC, M = outC; input gradient: K = outC, M = inC)
//   result   [N, R, R, M]          f32   forward: the output; input gradient: the input's gradient
//
// A thread computes ${rows} pixels by ${columns} channels and walks taps and channels of the source. No
// workgroup memory: where a barrier or a load from it costs as much as one from storage (software adapters),
// only the size of the register tile counts.
//
// Input gradient: a pixel of the result takes part in the taps whose parity is its own. Workgroups of one z
// handle the pixels of one parity (stride^2 of them), which share their taps, so no product is wasted; a
// parity without taps (1x1, stride 2) is set to zero or, when accumulating, left alone.
//
// Dispatch (channels / (columns * threads x), pixels / (rows * threads y), parities).
// Channel counts that are no multiple of four take the scalar loads. Sums run over taps, then channels, in
// ascending order: the result does not depend on how the work is cut.

struct Params {
  batch: u32,          // N
  kernel: u32,         // kH = kW
  stride: u32,
  padding: u32,
  sourceSize: u32,     // S
  sourceChannels: u32, // K
  resultSize: u32,     // R
  resultChannels: u32, // M
}

@group(0) @binding(0) var<storage, read> source: array<${sourceType}>;
@group(0) @binding(1) var<storage, read> filters: array<${filterType}>;
@group(0) @binding(2) var<storage, read_write> result: array<${resultType}>;
@group(0) @binding(3) var<uniform> params: Params;

// Four channels from `c` on of a source pixel; `index` is the first one's place in the array.
fn loadSource(index: u32, c: u32) -> vec4f {
//# if sourceVector
  return source[index];
//# else
  let left = params.sourceChannels - c;
  return vec4f(
    source[index],
    select(0.0, source[index + 1u], left > 1u),
    select(0.0, source[index + 2u], left > 2u),
    select(0.0, source[index + 3u], left > 3u),
  );
//# end
}

// Weights of four source channels from `c` on (columns of the matrix) for four result channels from `m` on.
fn loadFilters(tap: u32, c: u32, m: u32) -> mat4x4f {
//# if transposed
  let first = (tap * params.resultChannels + m) * params.sourceChannels + c;
  return transpose(mat4x4f(
    loadWeights(first),
    loadWeights(first + params.sourceChannels),
    loadWeights(first + 2u * params.sourceChannels),
    loadWeights(first + 3u * params.sourceChannels),
  ));
//# else
  // Channels past the last one meet zeros of the source: any finite weight will do.
  let row = tap * params.sourceChannels + c;
  let last = (tap + 1u) * params.sourceChannels - 1u;
  return mat4x4f(
    loadWeights(row * params.resultChannels + m),
    loadWeights(min(row + 1u, last) * params.resultChannels + m),
    loadWeights(min(row + 2u, last) * params.resultChannels + m),
    loadWeights(min(row + 3u, last) * params.resultChannels + m),
  );
//# end
}

fn loadWeights(element: u32) -> vec4f {
//# if filterVector
  return filters[element / 4u];
//# else
  return vec4f(filters[element], filters[element + 1u], filters[element + 2u], filters[element + 3u]);
//# end
}

fn store(pixel: u32, m: u32, value: vec4f) {
  if m >= params.resultChannels {
    return;
  }
  let element = pixel * params.resultChannels + m;
//# if resultVector
  let index = element / 4u;
//# if accumulate
  result[index] += value;
//# else
  result[index] = value;
//# end
//# else
  for (var i = 0u; i < min(4u, params.resultChannels - m); i++) {
//# if accumulate
    result[element + i] += value[i];
//# else
    result[element + i] = value[i];
//# end
  }
//# end
}

@compute @workgroup_size(${threadsX}, ${threadsY})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x * ${columns}u;
//# if transposed
  // Pixels (y, x) = grid * stride + parity; tap firstTap + j * stride reads the source at origin - j.
  let parity = vec2u(id.z / params.stride, id.z % params.stride);
  let grid = (params.resultSize + params.stride - 1u - parity) / params.stride;
  let firstTap = (parity + params.padding) % params.stride;
  let taps = (params.kernel + params.stride - 1u - firstTap) / params.stride;
  let shift = vec2i((parity + params.padding - firstTap) / params.stride);
//# else
  let grid = vec2u(params.resultSize);
  let taps = vec2u(params.kernel);
//# end
//# if accumulate
  if taps.x * taps.y == 0u {
    return;
  }
//# end
  let pixels = params.batch * grid.x * grid.y;
  let firstPixel = id.y * ${rows}u;
  if m >= params.resultChannels || firstPixel >= pixels {
    return;
  }

//# for i in rows
  // Rows past the end repeat the last pixel and are not stored.
  let pixel${i} = min(firstPixel + ${i}u, pixels - 1u);
  let image${i} = pixel${i} / (grid.x * grid.y);
  let place${i} = vec2u(pixel${i} / grid.y % grid.x, pixel${i} % grid.y);
//# if transposed
  let origin${i} = vec2i(place${i}) + shift;
//# else
  let origin${i} = vec2i(place${i} * params.stride) - i32(params.padding);
//# end
//# for j in columnVectors
  var sum${i}_${j} = vec4f();
//# end
//# end

  for (var ty = 0u; ty < taps.x; ty++) {
    for (var tx = 0u; tx < taps.y; tx++) {
//# if transposed
      let tap = (firstTap.x + ty * params.stride) * params.kernel + firstTap.y + tx * params.stride;
      let step = -vec2i(vec2u(ty, tx));
//# else
      let tap = ty * params.kernel + tx;
      let step = vec2i(vec2u(ty, tx));
//# end
//# for i in rows
      let at${i} = vec2u(origin${i} + step); // negative coordinates become large
      let inside${i} = at${i}.x < params.sourceSize && at${i}.y < params.sourceSize;
      let base${i} = select(0u, ((image${i} * params.sourceSize + at${i}.x) * params.sourceSize + at${i}.y)
        * params.sourceChannels, inside${i});
//# end
      for (var c = 0u; c < params.sourceChannels; c += 4u) {
//# for j in columnVectors
        let weights${j} = loadFilters(tap, c, m + ${j}u * 4u);
//# end
//# for i in rows
        {
//# if sourceVector
          let x = select(vec4f(), loadSource((base${i} + c) / 4u, c), inside${i});
//# else
          let x = select(vec4f(), loadSource(base${i} + c, c), inside${i});
//# end
//# for j in columnVectors
          sum${i}_${j} += x.x * weights${j}[0] + x.y * weights${j}[1] + x.z * weights${j}[2] + x.w * weights${j}[3];
//# end
        }
//# end
      }
    }
  }

//# for i in rows
  if firstPixel + ${i}u < pixels {
//# if transposed
    let at = place${i} * params.stride + parity;
//# else
    let at = place${i};
//# end
    let pixel = (image${i} * params.resultSize + at.x) * params.resultSize + at.y;
//# for j in columnVectors
    store(pixel, m + ${j}u * 4u, sum${i}_${j});
//# end
  }
//# end
}
