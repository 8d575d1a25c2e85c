// Convolution (forward) and its input gradient: implicit GEMM from storage, strips of a line in registers.
//
//   source   [N, S, S, K]          f32   forward: the input; input gradient: the output's gradient
//   filters  [kH, kW, inC, outC]   f32   (forward: K = inC, M = outC; input gradient: K = outC, M = inC)
//   result   [N, R, R, M]          f32   forward: the output; input gradient: the input's gradient
// Bindings 0 to 2 in this order, then 3 the parameters.
//
// A thread computes ${pixels} neighbours of a line by ${columns} channels. A source pixel is loaded once for
// the taps of a line that it meets; tap lines outside the map are skipped, not multiplied by zero.
// Which source column pixel i meets with tap t is known when this text is expanded (`meets`, `column`). For
// the input gradient of stride 2 a strip starts at an even pixel, so half of the pairs do not exist and cost
// nothing; pixels that no tap reaches (1x1, stride 2) become zero or, when accumulating, stay.
//
// No workgroup memory: where a barrier, or a load from there, costs as much as a load from storage (software
// adapters), only the size of the register tile counts. One flat loop over (tap line, source channels): those
// adapters copy every accumulator at each turn of each loop, so turns must be long and nests shallow.
//
// Dispatch (threads / lanes, 1, 1), or a range of it that begins with workgroup `first`: channels first, then strips.
// Sums run over tap lines, source channels by four, taps: a fixed order.
// Source: implicit GEMM, Chetlur et al. 2014, arXiv:1410.0759, section 3; strips: docs/performance.md. Checked
// against reference.ts.

struct Params {
  batch: u32,          // N
  padding: u32,
  left: u32,           // first source column of the strip at pixel 0: wraps below zero
  accumulate: u32,     // 1: add to what result holds
  sourceSize: u32,     // S
  sourceChannels: u32, // K
  resultSize: u32,     // R
  resultChannels: u32, // M
  first: u32,          // workgroup of the pass
}

@group(0) @binding(0) var<storage, read> source: array<${sourceType}>;
@group(0) @binding(1) var<storage, read> filters: array<${filterType}>;
@group(0) @binding(2) var<storage, read_write> result: array<${resultType}>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) part: vec3u, @builtin(local_invocation_index) lane: u32) {
  // Uniforms and products that do not change are read and formed once: software adapters hoist nothing.
  let size = params.sourceSize;
  let channels = params.sourceChannels;
  let resultSize = params.resultSize;
  let resultChannels = params.resultChannels;
  let pixelStep = channels / SOURCE_WIDTH;         // source elements from pixel to pixel
  let thread = (params.first + part.x) * ${lanes}u + lane;
  let threadsPerStrip = (resultChannels + ${columns}u - 1u) / ${columns}u;
  let stripIndex = thread / threadsPerStrip;
  let m = (thread - stripIndex * threadsPerStrip) * ${columns}u;
  let stripsPerLine = (resultSize + ${pixels}u - 1u) / ${pixels}u;
  let line = stripIndex / stripsPerLine;           // of all images
  if line >= params.batch * resultSize {
    return;
  }
  let image = line / resultSize;
  let y = line - image * resultSize;
  let x = (stripIndex - line * stripsPerLine) * ${pixels}u;

  // Tap line n of pixel line y reads source line `top + n` (transposed: `top - n`) with filter line
  // `firstLine + n * lineStep`. Coordinates above or left of the map wrap to large numbers.
//# if transposed
  let firstLine = (y + params.padding) % ${stride}u;
  let top = (y + params.padding) / ${stride}u;
  let begin = select(0u, top + 1u - size, top >= size);
  let end = max(begin, min((${kernel}u + ${stride}u - 1u - firstLine) / ${stride}u, top + 1u));
  let left = x / ${stride}u + params.left;
  let filterStep = channels / FILTER_WIDTH;        // filter elements from result channel to result channel
  let tapStep = resultChannels * filterStep;
//# else
  let top = y * ${stride}u - params.padding;
  let begin = select(0u, 0u - top, top >= 0x80000000u);
  let end = max(begin, min(${kernel}u, size - top));
  let left = x * ${stride}u + params.left;
  let filterStep = resultChannels / FILTER_WIDTH;  // from source channel to source channel
  let tapStep = channels * filterStep;
//# end
  let channelSteps = (channels + 3u) / 4u;
  let steps = (end - begin) * channelSteps;
//# for j in loads
//# if isChecked${j}
  let isInside${j} = left + ${j}u < size;
//# end
//# end

//# for i in pixels
//# for j in columnVectors
  var sum${i}_${j} = vec4f();
//# end
//# end
  var n = begin;
  var c = 0u;
  for (var step = 0u; step < steps; step++) {
    let rest = channels - c;
//# if transposed
    let sourceLine = top - n;
    let weightsAt = (firstLine + n * ${stride}u) * ${kernel}u * tapStep + m * filterStep + c / FILTER_WIDTH;
//# else
    let sourceLine = top + n;
    let weightsAt = n * ${kernel}u * tapStep + c * filterStep + m / FILTER_WIDTH;
//# end
    let sourceAt = ((image * size + sourceLine) * size + left) * pixelStep + c / SOURCE_WIDTH;
//# for j in loads
//# if isUsed${j}
//# if isChecked${j}
    let x${j} = select(vec4f(), loadSource(sourceAt + ${j}u * pixelStep, rest), isInside${j});
//# else
    let x${j} = loadSource(sourceAt + ${j}u * pixelStep, rest);
//# end
//# end
//# end
//# for t in kernel
    {
//# for j in columnVectors
//# if transposed
      let at${j} = weightsAt + ${t}u * tapStep + ${4*j}u * filterStep;
      let weights${j} = transpose(mat4x4f(
        loadWeights(at${j}, rest),
        loadWeights(at${j} + filterStep, rest),
        loadWeights(at${j} + 2u * filterStep, rest),
        loadWeights(at${j} + 3u * filterStep, rest),
      ));
//# else
      let at${j} = weightsAt + ${t}u * tapStep + ${4*j}u / FILTER_WIDTH;
//# if isImage
      let weights${j} = mat3x4f(
        loadWeights(at${j}, 4u),
        loadWeights(at${j} + filterStep, 4u),
        loadWeights(at${j} + 2u * filterStep, 4u),
      );
//# else
      let weights${j} = mat4x4f(
        loadWeights(at${j}, 4u),
        loadWeights(at${j} + ${next1} * filterStep, 4u),
        loadWeights(at${j} + ${next2} * filterStep, 4u),
        loadWeights(at${j} + ${next3} * filterStep, 4u),
      );
//# end
//# end
//# end
//# for i in pixels
//# if meets${i}_${t}
//# for j in columnVectors
//# if isImage
      sum${i}_${j} += x${column${i}_${t}}.x * weights${j}[0] + x${column${i}_${t}}.y * weights${j}[1]
        + x${column${i}_${t}}.z * weights${j}[2];
//# else
      sum${i}_${j} += x${column${i}_${t}}.x * weights${j}[0] + x${column${i}_${t}}.y * weights${j}[1]
        + x${column${i}_${t}}.z * weights${j}[2] + x${column${i}_${t}}.w * weights${j}[3];
//# end
//# end
//# end
//# end
    }
//# end
    let isLineDone = c + 4u >= channels;
    n += u32(isLineDone);
    c = select(c + 4u, 0u, isLineDone);
  }

  let resultAt = line * resultSize + x;
//# for i in pixels
  if x + ${i}u < resultSize {
//# for j in columnVectors
    store(resultAt + ${i}u, m + ${4*j}u, sum${i}_${j});
//# end
  }
//# end
}
