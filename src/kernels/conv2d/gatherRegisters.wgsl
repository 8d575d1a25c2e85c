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

// Floats per element of the arrays.
const SOURCE_WIDTH: u32 = ${sourceWidth}u;
const FILTER_WIDTH: u32 = ${filterWidth}u;

// Four channels of a source pixel from element `index` on; those past the last of `left` are zero.
fn loadSource(index: u32, left: u32) -> vec4f {
//# if sourceVector
  return source[index];
//# else
  return vec4f(
    source[index],
    select(0.0, source[index + 1u], left > 1u),
    select(0.0, source[index + 2u], left > 2u),
    select(0.0, source[index + 3u], left > 3u),
  );
//# end
}

fn loadWeights(index: u32) -> vec4f {
//# if filterVector
  return filters[index];
//# else
  return vec4f(filters[index], filters[index + 1u], filters[index + 2u], filters[index + 3u]);
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
  let shift = (parity + params.padding - firstTap) / params.stride;
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

  // Uniforms and products that do not change are read and formed once: software adapters hoist nothing.
  let kernel = params.kernel;
  let stride = params.stride;
  let size = params.sourceSize;
  let channels = params.sourceChannels;
  let pixelStep = channels / SOURCE_WIDTH;                // source elements from pixel to pixel
//# if transposed
  let filterStep = channels / FILTER_WIDTH;               // from result channel to result channel
//# else
  let filterStep = params.resultChannels / FILTER_WIDTH;  // from source channel to source channel
//# end

  // Image and place of the first pixel by division, of the others by counting: division is slow here.
  // Coordinates left of or above the map wrap to large numbers. Rows past the last pixel are not stored.
  let image0 = firstPixel / (grid.x * grid.y);
  let y0 = firstPixel / grid.y % grid.x;
  let x0 = firstPixel % grid.y;
//# for i in rows
//# if i
  let isNewLine${i} = x${previous} + 1u == grid.y;
  let x${i} = select(x${previous} + 1u, 0u, isNewLine${i});
  let isNewImage${i} = isNewLine${i} && y${previous} + 1u == grid.x;
  let y${i} = select(y${previous} + u32(isNewLine${i}), 0u, isNewImage${i});
  let image${i} = image${previous} + u32(isNewImage${i});
//# end
//# if transposed
  let originY${i} = y${i} + shift.x;
  let originX${i} = x${i} + shift.y;
//# else
  let originY${i} = y${i} * stride - params.padding;
  let originX${i} = x${i} * stride - params.padding;
//# end
  let origin${i} = ((image${i} * size + originY${i}) * size + originX${i}) * pixelStep;
//# for j in columnVectors
  var sum${i}_${j} = vec4f();
//# end
//# end

  for (var ty = 0u; ty < taps.x; ty++) {
//# if transposed
    let dy = 0u - ty;
//# else
    let dy = ty;
//# end
//# for i in rows
    let isLineInside${i} = originY${i} + dy < size;
//# end
    for (var tx = 0u; tx < taps.y; tx++) {
//# if transposed
      let tap = (firstTap.x + ty * stride) * kernel + firstTap.y + tx * stride;
      let dx = 0u - tx;
      var weightsAt = (tap * params.resultChannels + m) * filterStep;
//# else
      let tap = ty * kernel + tx;
      let dx = tx;
      var weightsAt = tap * channels * filterStep + m / FILTER_WIDTH;
//# end
      let jump = (dy * size + dx) * pixelStep;
//# for i in rows
      let isInside${i} = isLineInside${i} && originX${i} + dx < size;
      let base${i} = origin${i} + jump;
//# end
      var k = 0u;
      for (var c = 0u; c < channels; c += 4u) {
        let left = channels - c;
//# for j in columnVectors
//# if transposed
        let weights${j} = transpose(mat4x4f(
          loadWeights(weightsAt + (${j}u * 4u) * filterStep),
          loadWeights(weightsAt + (${j}u * 4u + 1u) * filterStep),
          loadWeights(weightsAt + (${j}u * 4u + 2u) * filterStep),
          loadWeights(weightsAt + (${j}u * 4u + 3u) * filterStep),
        ));
//# else
        // Channels past the last meet zeros of the source: repeat a weight that is there.
        let weights${j} = mat4x4f(
          loadWeights(weightsAt + ${j}u * 4u / FILTER_WIDTH),
          loadWeights(weightsAt + ${j}u * 4u / FILTER_WIDTH + ${next1} * filterStep),
          loadWeights(weightsAt + ${j}u * 4u / FILTER_WIDTH + ${next2} * filterStep),
          loadWeights(weightsAt + ${j}u * 4u / FILTER_WIDTH + ${next3} * filterStep),
        );
//# end
//# end
//# for i in rows
        {
          let x = select(vec4f(), loadSource(base${i} + k, left), isInside${i});
//# for j in columnVectors
          sum${i}_${j} += x.x * weights${j}[0] + x.y * weights${j}[1] + x.z * weights${j}[2] + x.w * weights${j}[3];
//# end
        }
//# end
        k += 4u / SOURCE_WIDTH;
//# if transposed
        weightsAt += 4u / FILTER_WIDTH;
//# else
        weightsAt += 4u * filterStep;
//# end
      }
    }
  }

//# for i in rows
  if firstPixel + ${i}u < pixels {
//# if transposed
    let y = y${i} * stride + parity.x;
    let x = x${i} * stride + parity.y;
//# else
    let y = y${i};
    let x = x${i};
//# end
    let pixel = (image${i} * params.resultSize + y) * params.resultSize + x;
//# for j in columnVectors
    store(pixel, m + ${j}u * 4u, sum${i}_${j});
//# end
  }
//# end
}
