// All three passes of a convolution as implicit GEMM through workgroup memory: C[m, n] = sum over k of
// A[m, k] B[k, n].
//
//                   A                                  B                         C
//   forward         input                              filter                    output
//                   m: output pixel, k: (tap, inC)     n: outC
//   input gradient  output's gradient                  filter, channels swapped  input's gradient
//                   m: input pixel, k: (tap, outC)     n: inC
//   filter gradient input                              output's gradient         partial sums
//                   m: (tap, inC), k: output pixel     n: outC                   [splits, kH*kW*inC, outC]
//
// Bindings 0 a, 1 b, 2 result, 3 the parameters.
// Maps are [N, H, W, C] f32, filters [kH, kW, inC, outC] f32. Channels within (tap, C) are padded to a multiple
// of four, so that four consecutive k (or m) are four channels of one tap.
//
// A workgroup computes a tile of ${rows} x threads y by ${columns} x threads x elements. All its threads fetch
// the next 4x4 blocks of A and B into registers while they multiply the present tile out of workgroup memory.
// ${slices} slice(s) of threads share each tile's depth and add their sums at the end, in ascending order: small
// batches have few tiles, and this keeps the machine busy without another dispatch.
//
// Input gradient: a pixel takes part in the taps whose parity is its own. Workgroups of one z handle the pixels
// of one parity (stride^2 of them), which share their taps, so no product is wasted; a parity without taps
// (1x1, stride 2) is set to zero or, when accumulating, left alone.
//
// With quads, the four neighbouring threads of a line, which multiply the same rows, load those of one k each and hand
// them round (quadBroadcast): a quarter of A's loads from workgroup memory, the same sums. How an adapter deals the
// threads of a workgroup out to its subgroups is its own affair; where a quad does not share its rows, everybody loads
// for themselves.
//
// Dispatch (n / tile, m / tile, 1 | parities | splits), or a range of its lines that begins with line `first`.
// No atomics, fixed orders: equal inputs give equal bits.
// Source: implicit GEMM, Chetlur et al. 2014, arXiv:1410.0759, section 3. Checked against reference.ts.

//# if quads
enable subgroups;

//# end
struct Params {
  batch: u32,
  kernel: u32,       // kH = kW
  stride: u32,
  padding: u32,
  inSize: u32,       // H = W of the input
  inChannels: u32,
  outSize: u32,
  outChannels: u32,
  splits: u32,       // of the filter gradient's k
  accumulate: u32,   // 1: add to what the result holds (input gradient)
  first: u32,        // line of tiles of the pass
}

@group(0) @binding(0) var<storage, read> a: array<${aType}>;
@group(0) @binding(1) var<storage, read> b: array<${bType}>;
@group(0) @binding(2) var<storage, read_write> result: array<${resultType}>;
@group(0) @binding(3) var<uniform> params: Params;

const THREADS_X: u32 = ${threadsX}u;
const THREADS_Y: u32 = ${threadsY}u;
const SLICES: u32 = ${slices}u;
const LANES: u32 = THREADS_X * THREADS_Y * SLICES;
const DEPTH: u32 = ${depth}u;                         // k of a tile, a multiple of 4 * SLICES
const ROW_VECTORS: u32 = THREADS_Y * ${rowVectors}u;      // of a tile
const COLUMN_VECTORS: u32 = THREADS_X * ${columnVectors}u;

// [DEPTH][rows] and [DEPTH][columns], four rows or columns to a vector.
var<workgroup> tileA: array<vec4f, DEPTH * ROW_VECTORS>;
var<workgroup> tileB: array<vec4f, DEPTH * COLUMN_VECTORS>;

//# if quads
var<workgroup> strangers: atomic<u32>; // threads whose quad is not of their rows
var<workgroup> areQuadsOfRows: u32;
//# end

// Four channels from element `index` on; those past the first `rest` are zero.
fn loadA(index: u32, rest: u32) -> vec4f {
//# if aVector
  return a[index / 4u];
//# else
  return vec4f(a[index], select(0.0, a[index + 1u], rest > 1u), select(0.0, a[index + 2u], rest > 2u),
    select(0.0, a[index + 3u], rest > 3u));
//# end
}

fn loadB(index: u32, rest: u32) -> vec4f {
//# if bVector
  return b[index / 4u];
//# else
  return vec4f(b[index], select(0.0, b[index + 1u], rest > 1u), select(0.0, b[index + 2u], rest > 2u),
    select(0.0, b[index + 3u], rest > 3u));
//# end
}

// Four channels of one row of the result; those past the last of `channels` are not stored.
fn store(row: u32, n: u32, channels: u32, value: vec4f) {
  if n >= channels {
    return;
  }
  let element = row * channels + n;
//# if resultVector
  if params.accumulate == 1u {
    result[element / 4u] += value;
  } else {
    result[element / 4u] = value;
  }
//# else
  for (var i = 0u; i < min(4u, channels - n); i++) {
    if params.accumulate == 1u {
      result[element + i] += value[i];
    } else {
      result[element + i] = value[i];
    }
  }
//# end
}

@compute @workgroup_size(THREADS_X, THREADS_Y, SLICES)
fn main(
  @builtin(workgroup_id) part: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) lane: u32,
//# if quads
  @builtin(subgroup_invocation_id) subgroupLane: u32,
//# end
) {
//# if quads
  let quadLane = subgroupLane % 4u;
  let rowOfLane = thread.z * THREADS_Y + thread.y;
  if quadBroadcast(rowOfLane, 0u) != rowOfLane {
    atomicAdd(&strangers, 1u);
  }
  workgroupBarrier();
  if lane == 0u {
    areQuadsOfRows = select(0u, 1u, atomicLoad(&strangers) == 0u);
  }
  let isShared = workgroupUniformLoad(&areQuadsOfRows) == 1u;
//# end
  // Who fetches what: a thread keeps its rows (columns) from tile to tile. B's fetchers start half-way round,
  // so that both tiles are fetched by different threads where there are enough.
  let laneB = (lane + LANES / 2u) % LANES;
  let tileLine = params.first + part.y;
  let fetchRow = (tileLine * ROW_VECTORS + (lane % ROW_VECTORS)) * 4u;
  let fetchColumn = (part.x * COLUMN_VECTORS + (laneB % COLUMN_VECTORS)) * 4u;
  let firstDepthA = lane / ROW_VECTORS * 4u;
  let firstDepthB = laneB / COLUMN_VECTORS * 4u;

//# if isFilterGradient
  let channels = params.outChannels;                       // of the result
  let paddedChannels = (params.inChannels + 3u) / 4u * 4u;
  let kernel = params.kernel;
  let rows = kernel * kernel * paddedChannels;
  let pixels = params.batch * params.outSize * params.outSize;
  let begin = pixels * part.z / params.splits;
  let end = pixels * (part.z + 1u) / params.splits;
  let fetchTap = fetchRow / paddedChannels;
  let fetchChannel = fetchRow % paddedChannels;
  let tapY = fetchTap / kernel - params.padding;           // wraps below zero
  let tapX = fetchTap % kernel - params.padding;
  let isRowUsed = fetchTap < kernel * kernel;
//# else
//# if isInputGradient
  // Pixels (y, x) = grid * stride + parity; tap firstTap + j * stride reads the source at origin - j.
  let parity = vec2u(part.z / params.stride, part.z % params.stride);
  let resultSize = params.inSize;
  let size = params.outSize;                               // of the source
  let depthChannels = params.outChannels;
  let channels = params.inChannels;                        // of the result
  let grid = (resultSize + params.stride - 1u - parity) / params.stride;
  let firstTap = (parity + params.padding) % params.stride;
  let taps = (params.kernel + params.stride - 1u - firstTap) / params.stride;
  let shift = (parity + params.padding - firstTap) / params.stride;
//# else
  let resultSize = params.outSize;
  let size = params.inSize;
  let depthChannels = params.inChannels;
  let channels = params.outChannels;
  let grid = vec2u(resultSize);
  let taps = vec2u(params.kernel);
//# end
  let paddedChannels = (depthChannels + 3u) / 4u * 4u;
  let rows = params.batch * grid.x * grid.y;
  let begin = 0u;
  let end = taps.x * taps.y * paddedChannels;
//# for r in 4
  // Coordinates left of or above the map wrap to large numbers; rows past the last read as outside.
  let pixel${r} = fetchRow + ${r}u;
  let image${r} = pixel${r} / (grid.x * grid.y);
//# if isInputGradient
  let originY${r} = pixel${r} / grid.y % grid.x + shift.x;
  let originX${r} = pixel${r} % grid.y + shift.y;
//# else
  let originY${r} = pixel${r} / grid.y % grid.x * params.stride - params.padding;
  let originX${r} = pixel${r} % grid.y * params.stride - params.padding;
//# end
//# end
//# end

//# for q in rowVectors
//# for r in 4
//# for j in columnVectors
  var sum${4*q+r}_${j} = vec4f();
//# end
//# end
//# end
//# for f in fetchesA
  var nextA${f} = mat4x4f();
//# end
//# for f in fetchesB
  var nextB${f} = mat4x4f();
//# end

  // One turn more than there are tiles: each turn fetches tile `first` and multiplies the one before it.
  for (var first = begin; first < end + DEPTH; first += DEPTH) {
//# for f in fetchesA
    let heldA${f} = nextA${f};
//# end
//# for f in fetchesB
    let heldB${f} = nextB${f};
//# end
    if first < end {
//# for f in fetchesA
      {
        let k = first + firstDepthA + ${f}u * (LANES / ROW_VECTORS * 4u);
        let isFetched = firstDepthA + ${f}u * (LANES / ROW_VECTORS * 4u) < DEPTH && k < end;
//# if isFilterGradient
//# for r in 4
        let y${r} = (k + ${r}u) / params.outSize % params.outSize * params.stride + tapY;
        let x${r} = (k + ${r}u) % params.outSize * params.stride + tapX;
        let isInside${r} = isFetched && isRowUsed && k + ${r}u < end && y${r} < params.inSize && x${r} < params.inSize;
        let at${r} = (((k + ${r}u) / (params.outSize * params.outSize) * params.inSize + y${r}) * params.inSize + x${r})
          * params.inChannels + fetchChannel;
//# end
        let rest = params.inChannels - fetchChannel;
//# else
        let tap = k / paddedChannels;
        let c = k % paddedChannels;
        let rest = depthChannels - c;
//# for r in 4
//# if isInputGradient
        let y${r} = originY${r} - tap / taps.y;
        let x${r} = originX${r} - (tap % taps.y);
//# else
        let y${r} = originY${r} + tap / taps.y;
        let x${r} = originX${r} + (tap % taps.y);
//# end
        let isInside${r} = isFetched && pixel${r} < rows && y${r} < size && x${r} < size;
        let at${r} = ((image${r} * size + y${r}) * size + x${r}) * depthChannels + c;
//# end
//# end
        nextA${f} = mat4x4f();
//# for r in 4
        if isInside${r} {
          nextA${f}[${r}] = loadA(at${r}, rest);
        }
//# end
//# if !isFilterGradient
        nextA${f} = transpose(nextA${f}); // to vectors of rows
//# end
      }
//# end
//# for f in fetchesB
      {
        let k = first + firstDepthB + ${f}u * (LANES / COLUMN_VECTORS * 4u);
        let isFetched = firstDepthB + ${f}u * (LANES / COLUMN_VECTORS * 4u) < DEPTH && k < end && fetchColumn < channels;
        nextB${f} = mat4x4f();
//# if isFilterGradient
        let rest = channels - fetchColumn;
//# for r in 4
        if isFetched && k + ${r}u < end {
          nextB${f}[${r}] = loadB((k + ${r}u) * channels + fetchColumn, rest);
        }
//# end
//# else
        let tap = k / paddedChannels;
        let c = k % paddedChannels;
//# if isInputGradient
        let filterTap = (firstTap.x + tap / taps.y * params.stride) * params.kernel + firstTap.y
          + (tap % taps.y) * params.stride;
        let rest = depthChannels - c;
//# for r in 4
        if isFetched && fetchColumn + ${r}u < channels {
          nextB${f}[${r}] = loadB((filterTap * channels + fetchColumn + ${r}u) * depthChannels + c, rest);
        }
//# end
        nextB${f} = transpose(nextB${f}); // to vectors of columns
//# else
        let rest = channels - fetchColumn;
//# for r in 4
        if isFetched && c + ${r}u < depthChannels {
          nextB${f}[${r}] = loadB((tap * depthChannels + c + ${r}u) * channels + fetchColumn, rest);
        }
//# end
//# end
//# end
      }
//# end
    }
    if first > begin {
      workgroupBarrier(); // everyone is done with the tile before
//# for f in fetchesA
      if firstDepthA + ${f}u * (LANES / ROW_VECTORS * 4u) < DEPTH {
        let at = (firstDepthA + ${f}u * (LANES / ROW_VECTORS * 4u)) * ROW_VECTORS + (lane % ROW_VECTORS);
//# for r in 4
        tileA[at + ${r}u * ROW_VECTORS] = heldA${f}[${r}];
//# end
      }
//# end
//# for f in fetchesB
      if firstDepthB + ${f}u * (LANES / COLUMN_VECTORS * 4u) < DEPTH {
        let at = (firstDepthB + ${f}u * (LANES / COLUMN_VECTORS * 4u)) * COLUMN_VECTORS + (laneB % COLUMN_VECTORS);
//# for r in 4
        tileB[at + ${r}u * COLUMN_VECTORS] = heldB${f}[${r}];
//# end
      }
//# end
      workgroupBarrier();
//# if quads
      if isShared {
        for (var turn = 0u; turn < DEPTH / SLICES; turn += 4u) {
          let k = thread.z * (DEPTH / SLICES) + turn;
//# for q in rowVectors
          let own${q} = tileA[(k + quadLane) * ROW_VECTORS + thread.y + ${q}u * THREADS_Y];
//# end
//# for i in 4
          {
//# for q in rowVectors
            let a${q} = quadBroadcast(own${q}, ${i}u);
//# end
//# for j in columnVectors
            let b${j} = tileB[(k + ${i}u) * COLUMN_VECTORS + thread.x + ${j}u * THREADS_X];
//# end
//# for q in rowVectors
//# for r in 4
//# for j in columnVectors
            sum${4*q+r}_${j} += a${q}[${r}] * b${j};
//# end
//# end
//# end
          }
//# end
        }
        continue;
      }
//# end
      for (var k = thread.z * (DEPTH / SLICES); k < (thread.z + 1u) * (DEPTH / SLICES); k++) {
//# for q in rowVectors
        let a${q} = tileA[k * ROW_VECTORS + thread.y + ${q}u * THREADS_Y];
//# end
//# for j in columnVectors
        let b${j} = tileB[k * COLUMN_VECTORS + thread.x + ${j}u * THREADS_X];
//# end
//# for q in rowVectors
//# for r in 4
//# for j in columnVectors
        sum${4*q+r}_${j} += a${q}[${r}] * b${j};
//# end
//# end
//# end
      }
    }
  }

//# if isSliced
  // Sums of the other slices, one slice after another, through A's memory.
  let place = thread.y * THREADS_X + thread.x;
  for (var slice = 1u; slice < SLICES; slice++) {
    workgroupBarrier();
    if thread.z == slice {
//# for q in rowVectors
//# for r in 4
//# for j in columnVectors
      tileA[((${4*q+r}u * ${columnVectors}u) + ${j}u) * (THREADS_X * THREADS_Y) + place] = sum${4*q+r}_${j};
//# end
//# end
//# end
    }
    workgroupBarrier();
    if thread.z == 0u {
//# for q in rowVectors
//# for r in 4
//# for j in columnVectors
      sum${4*q+r}_${j} += tileA[((${4*q+r}u * ${columnVectors}u) + ${j}u) * (THREADS_X * THREADS_Y) + place];
//# end
//# end
//# end
    }
  }
  if thread.z > 0u {
    return;
  }
//# end

//# if isInputGradient
  if params.accumulate == 1u && end == 0u {
    return;
  }
//# end
  let firstColumn = part.x * COLUMN_VECTORS + thread.x;
//# for q in rowVectors
//# for r in 4
  {
    let m = (tileLine * ROW_VECTORS + thread.y + ${q}u * THREADS_Y) * 4u + ${r}u;
    if m < rows {
//# if isFilterGradient
      let tap = m / paddedChannels;
      let c = m % paddedChannels;
      let row = (part.z * kernel * kernel + tap) * params.inChannels + c;
      let isRow = c < params.inChannels;
//# else
//# if isInputGradient
      let place = vec2u(m / grid.y % grid.x, m % grid.y) * params.stride + parity;
      let row = (m / (grid.x * grid.y) * resultSize + place.x) * resultSize + place.y;
//# else
      let row = m;
//# end
      let isRow = true;
//# end
      if isRow {
//# for j in columnVectors
        store(row, (firstColumn + ${j}u * THREADS_X) * 4u, channels, sum${4*q+r}_${j});
//# end
      }
    }
  }
//# end
//# end
}
