// Gradients of every filter of a network in one dispatch: sums the convolutions' partial sums and, with
// Weight Standardization, applies its Jacobian.
//
//   partials      packed   f32   per filter [splits, kH*kW*inC, outC]
//   gradient      packed   f32   filters [kH*kW*inC, outC] at their offsets
//   standardized  packed   f32   the standardized filters w^ (with Weight Standardization)
//   statistics    packed   f32   per filter [2, outC], as standardize.wgsl leaves them
//
// With g the gradient with respect to w^, n = kH*kW*inC, sums over n:
//   dw = gain (g - sum(g) / n) / (deviation + eps) - w^ * sum(g w^) / (gain (n - 1) deviation)
// Bindings 0 to 3 in this order, then 4 the parameters.
// which lets the gradient flow through mean and deviation (mean(w^) is zero up to rounding).
//
// Dispatch (sum over filters of ceil(outC / (TILE * width)), 1, 1): a workgroup takes TILE vectors of output
// channels; its rows of lanes stride over the fan-in. Splits are added in ascending order, rows in a fixed
// tree, so equal inputs give equal bits. Where there are several splits `gradient` holds g between the two passes; a lane
// reads back only what it wrote itself.
// Source: derivative of Qiao et al. 2019, arXiv:1903.10520, equations 1 to 3. Checked against reference.ts.

struct Filter {
  offset: u32,         // first element in the packed buffers
  fanIn: u32,          // n
  channels: u32,       // outC
  firstWorkgroup: u32,
  statistics: u32,     // first element of its statistics
  partials: u32,       // first element of its partial sums
  splits: u32,
  reserved: u32,
}

struct Params {
  count: u32,
  @align(16) filters: array<Filter, ${filterLimit}>,
}

@group(0) @binding(0) var<storage, read> partials: array<Vec>;
@group(0) @binding(1) var<storage, read_write> gradient: array<Vec>;
@group(0) @binding(2) var<uniform> params: Params;
//# if isStandardized
@group(0) @binding(3) var<storage, read> standardized: array<Vec>;
@group(0) @binding(4) var<storage, read> statistics: array<Vec>;
//# end

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) part: vec3u, @builtin(local_invocation_index) lane: u32) {
  let f = params.filters[findFilter(part.x)];
  let vectors = f.channels / WIDTH;
  let column = (part.x - f.firstWorkgroup) * TILE + (lane % TILE);
  let isUsed = column < vectors;
  let begin = f.offset / WIDTH + min(column, vectors - 1u);
  let stride = f.fanIn * vectors; // from split to split

//# if isStandardized
  var gradientSum = Vec();
  var productSum = Vec();
//# end
  // Rows four at a time, then the rest: loads in flight together, and fewer turns of the loop.
  let firstRow = lane / TILE;
  let endRow = select(0u, f.fanIn, isUsed);
  let partialAt = f.partials / WIDTH + column;
  var row = firstRow;
  for (; row + 3u * ROWS < endRow; row += 4u * ROWS) {
    var at = partialAt + row * vectors;
//# for u in 4
    var g${u} = partials[at + ${u}u * ROWS * vectors];
//# end
    for (var split = 1u; split < f.splits; split++) {
      at += stride;
//# for u in 4
      g${u} += partials[at + ${u}u * ROWS * vectors];
//# end
    }
//# for u in 4
    let at${u} = begin + (row + ${u}u * ROWS) * vectors;
//# end
//# for u in 4
    gradient[at${u}] = g${u};
//# end
//# if isStandardized
    gradientSum += (g0 + g1) + (g2 + g3);
    productSum += (g0 * standardized[at0] + g1 * standardized[at1]) + (g2 * standardized[at2] + g3 * standardized[at3]);
//# end
  }
  for (; row < endRow; row += ROWS) {
    var at = partialAt + row * vectors;
    var g = partials[at];
    for (var split = 1u; split < f.splits; split++) {
      at += stride;
      g += partials[at];
    }
    let index = begin + row * vectors;
    gradient[index] = g;
//# if isStandardized
    gradientSum += g;
    productSum += g * standardized[index];
//# end
  }
//# if isStandardized
  let statisticsAt = f.statistics / WIDTH + min(column, vectors - 1u);
  let scale = statistics[statisticsAt];
  let meanGradient = sumRows(gradientSum, lane) / f32(f.fanIn);
  let slope = sumRows(productSum, lane) * statistics[statisticsAt + vectors];
  for (row = firstRow; row + 3u * ROWS < endRow; row += 4u * ROWS) {
//# for u in 4
    let at${u} = begin + (row + ${u}u * ROWS) * vectors;
    gradient[at${u}] = (gradient[at${u}] - meanGradient) * scale - standardized[at${u}] * slope;
//# end
  }
  for (; row < endRow; row += ROWS) {
    let index = begin + row * vectors;
    gradient[index] = (gradient[index] - meanGradient) * scale - standardized[index] * slope;
  }
//# end
}
