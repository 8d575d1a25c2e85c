// Filter gradient of a convolution: implicit GEMM from storage, strips of a line in registers, split over the batch.
//
//   source    [N, S, S, inC]             f32  the convolution's input
//   gradient  [N, R, R, outC]            f32  the gradient of its output
//   partials  [splits, kH*kW*inC, outC]  f32  to be summed over the splits, in ascending order
// Bindings 0 to 2 in this order, then 3 the parameters.
//
// A thread computes the taps of a tap line for ${rows} input channels by ${columns} output channels. It
// walks the strips of ${pixels} output pixels of its split; a source pixel is loaded once for the taps that it
// meets, and output lines whose source line is outside the map are left out. One flat loop with long turns:
// software adapters copy every accumulator at each turn of each loop.
//
// Dispatch (splits * threads / lanes, 1, 1), or a range of it that begins with workgroup `first`: output channels
// first, then input channels, then tap lines, then splits.
// No atomics: each split has its own output, so equal inputs give equal bits.
// Source: the filter gradient as a matrix product over pixels, Chetlur et al. 2014, arXiv:1410.0759, section 3;
// strips: docs/performance.md. Checked against reference.ts.

struct Params {
  batch: u32,       // N
  padding: u32,
  inSize: u32,      // S
  inChannels: u32,
  outSize: u32,     // R
  outChannels: u32,
  splits: u32,
  first: u32,       // workgroup of the pass
}

@group(0) @binding(0) var<storage, read> source: array<${sourceType}>;
@group(0) @binding(1) var<storage, read> gradient: array<${gradientType}>;
@group(0) @binding(2) var<storage, read_write> partials: array<${gradientType}>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) part: vec3u, @builtin(local_invocation_index) lane: u32) {
  let inSize = params.inSize;
  let outSize = params.outSize;
  let padding = params.padding;
  let blocks = (params.inChannels + ${rows}u - 1u) / ${rows}u; // of input channels
  let threadsPerBlock = (params.outChannels + ${columns}u - 1u) / ${columns}u;
  let workgroupsPerSplit = (${kernel}u * blocks * threadsPerBlock + ${lanes}u - 1u) / ${lanes}u;
  let group = params.first + part.x;
  let split = group / workgroupsPerSplit;
  let thread = (group - split * workgroupsPerSplit) * ${lanes}u + lane;
  let channelBlock = thread / threadsPerBlock;
  let ky = channelBlock / blocks;
  let c = (channelBlock - ky * blocks) * ${rows}u;
  let o = (thread - channelBlock * threadsPerBlock) * ${columns}u;
  if ky >= ${kernel}u {
    return;
  }

  // Output lines y with 0 <= y * stride + ky - padding < inSize, cut into strips.
  let firstY = (max(padding, ky) - ky + ${stride}u - 1u) / ${stride}u;
  let endY = max(firstY, min(outSize, (max(inSize + padding, ky) - ky + ${stride}u - 1u) / ${stride}u));
  let stripsPerLine = (outSize + ${pixels}u - 1u) / ${pixels}u;
  let stripsPerImage = (endY - firstY) * stripsPerLine;
  let strips = params.batch * stripsPerImage;
  let firstStrip = strips * split / params.splits;
  let endStrip = strips * (split + 1u) / params.splits;
  var image = firstStrip / max(stripsPerImage, 1u);
  var y = firstY + (firstStrip % max(stripsPerImage, 1u)) / stripsPerLine;
  var x = firstStrip % stripsPerLine * ${pixels}u;

  let sourceStep = params.inChannels / SOURCE_WIDTH;     // elements from pixel to pixel
  let gradientStep = params.outChannels / GRADIENT_WIDTH;
//# for t in kernel
//# for q in rowVectors
//# for r in rowsOfVector
//# for j in columnVectors
  var sum${t}_${4*q+r}_${j} = vec4f();
//# end
//# end
//# end
//# end
  for (var strip = firstStrip; strip < endStrip; strip++) {
    let left = x * ${stride}u - padding; // wraps to a large number when negative
    let sourceAt = ((image * inSize + y * ${stride}u + ky - padding) * inSize + left) * sourceStep + c / SOURCE_WIDTH;
    let gradientAt = ((image * outSize + y) * outSize + x) * gradientStep + o / GRADIENT_WIDTH;
//# for i in loads
//# if isUsed${i}
//# for q in rowVectors
//# if isChecked${i}
    let x${i}_${q} = select(vec4f(), loadSource(sourceAt + ${i}u * sourceStep + ${4*q}u / SOURCE_WIDTH), left + ${i}u < inSize);
//# else
    let x${i}_${q} = loadSource(sourceAt + ${i}u * sourceStep + ${4*q}u / SOURCE_WIDTH);
//# end
//# end
//# end
//# end
//# for u in pixels
    {
//# for j in columnVectors
//# if isPartial${u}
      let dy${j} = select(vec4f(), loadGradient(gradientAt + ${u}u * gradientStep + ${4*j}u / GRADIENT_WIDTH), x + ${u}u < outSize);
//# else
      let dy${j} = loadGradient(gradientAt + ${u}u * gradientStep + ${4*j}u / GRADIENT_WIDTH);
//# end
//# end
//# for t in kernel
//# if meets${u}_${t}
//# for q in rowVectors
//# for r in rowsOfVector
//# for j in columnVectors
      sum${t}_${4*q+r}_${j} += x${column${u}_${t}}_${q}[${r}] * dy${j};
//# end
//# end
//# end
//# end
//# end
    }
//# end
    x += ${pixels}u;
    let isLineDone = x >= outSize;
    x = select(x, 0u, isLineDone);
    y += u32(isLineDone);
    let isImageDone = y >= endY;
    y = select(y, firstY, isImageDone);
    image += u32(isImageDone);
  }

//# for t in kernel
//# for q in rowVectors
//# for r in rowsOfVector
  if c + ${4*q+r}u < params.inChannels {
    let row = ((split * ${kernel}u + ky) * ${kernel}u + ${t}u) * params.inChannels + c + ${4*q+r}u;
//# for j in columnVectors
    store(row, o + ${4*j}u, sum${t}_${4*q+r}_${j});
//# end
  }
//# end
//# end
//# end
}
