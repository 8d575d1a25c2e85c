// Weight Standardization of every filter of a network in one dispatch.
//
//   weights       packed   f32   filters [kH*kW*inC, outC] at their offsets
//   standardized  packed   f32   same places: (w - mean) / (deviation + eps), per output channel
//   statistics    packed   f32   per filter, [2, outC]: 1 / (deviation + eps); 1 / ((n - 1) deviation)
//
// n = kH*kW*inC; the deviation is the unbiased one, sqrt(sum of squares / (n - 1)).
//
// Dispatch (sum over filters of ceil(outC / (TILE * width)), 1, 1): a workgroup takes TILE vectors of output
// channels; its rows of lanes stride over the fan-in.
// Mean first, then centred squares together with their plain sum, the rounding error of the mean (corrected
// two-pass): a filter with a mean far above its spread keeps all the digits that its weights have.
// Sources: Qiao et al. 2019, arXiv:1903.10520 (authors' PyTorch code: unbiased deviation plus 1e-5);
// Chan, Golub & LeVeque 1983 for the correction.

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

  var sum = Vec();
  for (var row = lane / TILE; row < f.fanIn; row += ROWS) {
    sum += weights[begin + row * vectors];
  }
  let mean = sumRows(sum, lane) / f32(f.fanIn);

  var centred = Vec();
  var squares = Vec();
  for (var row = lane / TILE; row < f.fanIn; row += ROWS) {
    let d = weights[begin + row * vectors] - mean;
    centred += d;
    squares += d * d;
  }
  let residual = sumRows(centred, lane) / f32(f.fanIn);
  let total = max(sumRows(squares, lane) - f32(f.fanIn) * residual * residual, Vec());

  let freedom = f32(max(f.fanIn, 2u) - 1u);
  let deviation = sqrt(total / freedom);
  let scale = 1.0 / (deviation + ${eps});
  for (var row = lane / TILE; row < f.fanIn && isUsed; row += ROWS) {
    let index = begin + row * vectors;
    standardized[index] = ((weights[index] - mean) - residual) * scale;
  }
  if lane < TILE && isUsed {
    let at = f.statistics / WIDTH + column;
    statistics[at] = scale;
    // A constant filter has no direction in which its deviation grows: no gradient flows through it.
    statistics[at + vectors] = select(Vec(), 1.0 / (freedom * deviation), deviation > Vec());
  }
}
