// The end of a training step with Weight Standardization, for every parameter of a network, in one dispatch: sums the
// partial filter gradients, takes them through the standardization, updates the parameters and standardizes the
// new filters for the next step.
//
//   partials      packed   f32   per filter [splits, kH*kW*inC, outC]
//   gradient      packed   f32   filters: written in every gradientEvery-th step, 0: never; other parameters: read
//   parameters    packed   f32   filters [kH*kW*inC, outC] and other parameters at their offsets, updated in place
//   standardized  packed   f32   of filters, out: gain (w - mean) / (deviation + eps), per output channel, w updated
//   schedule      [rows]   vec4f of the optimizer's rule
//   counter       [1]      u32   step, 0-based
//   and the moments of the rule, packed like the parameters
//
// With w^ the standardized filter before the update, g the gradient with respect to it, n = kH*kW*inC, sums over n:
//   dw = gain (g - sum(g) / n) / (deviation + eps) - w^ * sum(g w^) / (gain (n - 1) deviation)
// Bindings 0 to 5 in this order, then 6 the parameters.
// which lets the gradient flow through mean and deviation (mean(w^) is zero up to rounding). The gain is 1, or that of
// Scaled WS.
//
// Dispatch (sum over entries of ceil(outC / (TILE * width)), 1, 1): a workgroup takes TILE vectors of output
// channels; its rows of lanes stride over the fan-in. Three passes over the rows: sums; update, with the new
// filter's moments; standardization. As separate dispatches they read each weight three times more. Splits are added
// in ascending order, rows in a fixed tree, so equal inputs give equal bits.
// Moments are taken of weights minus the channel's first one, before and after the update: that lies within a
// few deviations of the mean, so a mean far above the spread costs no digits (as E[x^2] - E[x]^2 would).
// Needs columns.wgsl and a rule of ../optimizer.
// Sources: Qiao et al. 2019, arXiv:1903.10520 (authors' PyTorch code: unbiased deviation plus 1e-5);
// Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", on shifted data.

struct Filter {
  offset: u32,         // first element in the packed buffers
  fanIn: u32,          // n; other parameters: rows
  channels: u32,       // outC; other parameters: elements of a row
  firstWorkgroup: u32,
  statistics: u32,     // not used here
  partials: u32,       // first element of its partial sums
  splits: u32,         // 0: other parameters, whose gradient is complete
  reserved: u32,
}

struct Params {
  count: u32,
  decay: f32,
  beta2: f32,
  oneMinusBeta2: f32, // rounded from double: 1 - f32(beta2) would lose digits
  eps: f32,           // of the optimizer
  gradientEvery: u32,
  @align(16) filters: array<Filter, ${filterLimit}>,
}

@group(0) @binding(0) var<storage, read> partials: array<Vec>;
@group(0) @binding(1) var<storage, read_write> gradient: array<Vec>;
@group(0) @binding(2) var<storage, read_write> parameters: array<Vec>;
@group(0) @binding(3) var<storage, read_write> standardized: array<Vec>;
@group(0) @binding(4) var<storage, read> schedule: array<vec4f>;
@group(0) @binding(5) var<storage, read> counter: array<u32>;
@group(0) @binding(6) var<uniform> params: Params;

fn summedPartials(first: u32, stride: u32, splits: u32) -> Vec {
  var at = first;
  var g = partials[at];
  for (var split = 1u; split < splits; split++) {
    at += stride;
    g += partials[at];
  }
  return g;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) part: vec3u, @builtin(local_invocation_index) lane: u32) {
  let f = params.filters[findFilter(part.x)];
  let rates = schedule[counter[0] % arrayLength(&schedule)]; // a window of the run, used as a ring
  let vectors = f.channels / WIDTH;
  let column = (part.x - f.firstWorkgroup) * TILE + (lane % TILE);
  let isUsed = column < vectors;
  let begin = f.offset / WIDTH + min(column, vectors - 1u);
  let firstRow = lane / TILE;
  let endRow = select(0u, f.fanIn, isUsed);
  if f.splits == 0u {
    for (var row = firstRow; row < endRow; row += ROWS) {
      let i = begin + row * vectors;
      keep(i, updated(i, parameters[i], gradient[i], rates));
    }
    return;
  }

  let keepsGradient = params.gradientEvery > 0u && counter[0] % max(params.gradientEvery, 1u) == 0u;
  let partialAt = f.partials / WIDTH + min(column, vectors - 1u);
  let stride = f.fanIn * vectors; // from split to split
  let shift = parameters[begin];
  var gradientSum = Vec();
  var productSum = Vec();
  var sum = Vec();
  var squares = Vec();
  for (var first = firstRow; first < endRow; first += CHUNK * ROWS) {
    var chunkGradient = Vec();
    var chunkProduct = Vec();
    var chunk = Vec();
    var chunkSquares = Vec();
    let end = min(endRow, first + CHUNK * ROWS);
    for (var row = first; row < end; row += ROWS) {
      let g = summedPartials(partialAt + row * vectors, stride, f.splits);
      let d = parameters[begin + row * vectors] - shift;
      chunkGradient += g;
      chunkProduct += g * d;
      chunk += d;
      chunkSquares += d * d;
    }
    gradientSum += chunkGradient;
    productSum += chunkProduct;
    sum += chunk;
    squares += chunkSquares;
  }
  let count = f32(f.fanIn);
  let spread = spreadOf(sumRows(sum, lane), sumRows(squares, lane), count);
  let inverse = 1.0 / (spread.deviation + ${eps});
  let totalGradient = sumRows(gradientSum, lane);
  let meanGradient = totalGradient / count;
  let product = sumRows(productSum, lane) - spread.mean * totalGradient; // sum(g (w - mean))
  // A constant filter has no direction in which its deviation grows: no gradient flows through it.
  let slope = select(Vec(), inverse * product / (max(count - 1.0, 1.0) * spread.deviation), spread.deviation > Vec());

//# if isScaled
  let scale = inverse * scaledGain(f.fanIn);
//# else
  let scale = inverse;
//# end
  let firstGradient = (summedPartials(partialAt, stride, f.splits) - meanGradient + spread.mean * slope) * scale;
  let newShift = updated(begin, shift, firstGradient, rates).parameter;
//# if isShared
  storageBarrier(); // all lanes have read the first weight before its own lane writes it
//# end
  sum = Vec();
  squares = Vec();
  for (var first = firstRow; first < endRow; first += CHUNK * ROWS) {
    var chunk = Vec();
    var chunkSquares = Vec();
    let end = min(endRow, first + CHUNK * ROWS);
    for (var row = first; row < end; row += ROWS) {
      let i = begin + row * vectors;
      let w = parameters[i];
      var g = summedPartials(partialAt + row * vectors, stride, f.splits);
      g = (g - meanGradient - (w - shift - spread.mean) * slope) * scale;
      let state = updated(i, w, g, rates);
      if keepsGradient {
        gradient[i] = g; // for who measures it: a store is a hundredth of a small step
      }
      keep(i, state);
      let d = state.parameter - newShift;
      chunk += d;
      chunkSquares += d * d;
    }
    sum += chunk;
    squares += chunkSquares;
  }
  let newSpread = spreadOf(sumRows(sum, lane), sumRows(squares, lane), count);
  let newScale = ${gain} / (newSpread.deviation + ${eps});
  for (var row = firstRow; row < endRow; row += ROWS) {
    let i = begin + row * vectors;
    standardized[i] = (parameters[i] - newShift - newSpread.mean) * newScale;
  }
}
