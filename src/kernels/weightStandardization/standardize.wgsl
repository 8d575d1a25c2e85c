// Weight Standardization of every filter of a network in one dispatch.
//
//   weights       packed   f32   filters [kH*kW*inC, outC] at their offsets
//   standardized  packed   f32   same places: gain (w - mean) / (deviation + eps), per output channel
//   statistics    packed   f32   per filter, [2, outC]: gain / (deviation + eps); 1 / (gain (n - 1) deviation)
// Bindings 0 to 2 in this order, then 3 the parameters.
//
// n = kH*kW*inC; the deviation is the unbiased one, sqrt(sum of squares / (n - 1)); the gain is 1, or that of Scaled WS.
//
// Dispatch (sum over filters of ceil(outC / (TILE * width)), 1, 1): a workgroup takes TILE vectors of output
// channels; its rows of lanes stride over the fan-in.
// One pass for both moments, of the weights minus the channel's first one: that lies within a few deviations
// of the mean, so a mean far above the spread costs no digits (as E[x^2] - E[x]^2 would), and the pass saved
// is a third of this kernel's time.
// Sources: Qiao et al. 2019, arXiv:1903.10520 (authors' PyTorch code: unbiased deviation plus 1e-5);
// Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", on shifted data.

struct Filter {
  offset: u32,         // first element in the packed buffers
  fanIn: u32,          // n
  channels: u32,       // outC
  firstWorkgroup: u32,
  statistics: u32,     // first element of its statistics
  partials: u32,       // not used here
  splits: u32,         // not used here
  reserved: u32,
}

struct Params {
  count: u32,
  @align(16) filters: array<Filter, ${filterLimit}>,
}

@group(0) @binding(0) var<storage, read> weights: array<Vec>;
@group(0) @binding(1) var<storage, read_write> standardized: array<Vec>;
@group(0) @binding(2) var<storage, read_write> statistics: array<Vec>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) part: vec3u, @builtin(local_invocation_index) lane: u32) {
  let f = params.filters[findFilter(part.x)];
  let vectors = f.channels / WIDTH;
  let column = (part.x - f.firstWorkgroup) * TILE + (lane % TILE);
  let isUsed = column < vectors;
  let begin = f.offset / WIDTH + min(column, vectors - 1u);

  // In the order of update.wgsl: a run that was resumed goes on with the bits that it had.
  let firstRow = lane / TILE;
  let endRow = select(0u, f.fanIn, isUsed);
  let shift = weights[begin];
  var sum = Vec();
  var squares = Vec();
  for (var first = firstRow; first < endRow; first += CHUNK * ROWS) {
    var chunk = Vec();
    var chunkSquares = Vec();
    let end = min(endRow, first + CHUNK * ROWS);
    for (var row = first; row < end; row += ROWS) {
      let d = weights[begin + row * vectors] - shift;
      chunk += d;
      chunkSquares += d * d;
    }
    sum += chunk;
    squares += chunkSquares;
  }
  let spread = spreadOf(sumRows(sum, lane), sumRows(squares, lane), f32(f.fanIn));
  let scale = ${gain} / (spread.deviation + ${eps});
  for (var row = firstRow; row < endRow; row += ROWS) {
    let i = begin + row * vectors;
    standardized[i] = (weights[i] - shift - spread.mean) * scale;
  }
  if lane < TILE && isUsed {
    let at = f.statistics / WIDTH + column;
    statistics[at] = scale;
    // A constant filter has no direction in which its deviation grows: no gradient flows through it.
    statistics[at + vectors] = select(
      Vec(),
      1.0 / (max(f32(f.fanIn) - 1.0, 1.0) * spread.deviation)${overGain},
      spread.deviation > Vec(),
    );
  }
}
