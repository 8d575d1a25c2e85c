// Takes a batch from a data set that lies on the GPU as bytes: picks images, crops and flips them,
// normalizes them to (value / 255 - mean) / deviation.
//
//   images   [count, 32, 32, 3]  u8 in u32   in two bindings, since one may be larger than a device binds
//   rest                                     from image `split` on
//   classes  [count]             u8 in u32   labels of the data set
//   order    header, indices     u32         (first step, number of indices, 0, 0), then N indices per step
//   counter  [1]                 u32         training: the step; EVALUATION: (first image, images to evaluate)
//   x        [N, 32, 32, 3]      f32         out
//   labels   [N]                 u32         out
// Bindings 0 to 6 in this order, then 7 the parameters.
//
// Dispatch (N, 1, 1): one image per workgroup. With AUGMENT the words of Philox block (step, sample, 0, 0)
// under key (seed, STREAM) decide: row and column of a 32x32 window in the image padded by four black
// pixels on each side (each 0 … 8, high product), and the flip (top bit). The padding is black before the
// normalization, as in torchvision's RandomCrop(32, padding=4) on an image. EVALUATION takes images in
// their order and repeats the last one to fill the batch.
// Needs shared/philox.wgsl. Checked against reference.ts, which makes the same choices on the CPU.

override LANES: u32 = 64u; // workgroup size
override AUGMENT: bool = false;
override EVALUATION: bool = false;

const SIZE = 32u;        // rows and columns
const WORDS = 768u;      // of one image
const PADDING = 4u;
const OFFSETS = 9u;      // places of the window along one axis
const HEADER = 4u;       // words of `order` before the indices
const RUN = 4u;          // pixels that an invocation writes at once: three vectors

struct Params {
  scale: vec4f,          // 1 / (255 * deviation), w unused
  shift: vec4f,          // -mean / deviation
  count: u32,            // images of the data set
  split: u32,            // images in the first binding
  batch: u32,            // N
  seed: u32,
  stream: u32,
}

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> rest: array<u32>;
@group(0) @binding(2) var<storage, read> classes: array<u32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> counter: array<u32>;
@group(0) @binding(5) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> labels: array<u32>;
@group(0) @binding(7) var<uniform> params: Params;

fn imageIndex(sample: u32) -> u32 {
  if EVALUATION {
    return min(counter[0] + sample, min(counter[1], params.count) - 1u);
  }
  let position = (counter[0] - order[0]) * params.batch + sample;
  return min(order[HEADER + min(position, order[1] - 1u)], params.count - 1u);
}

// Byte `at` of image `index`.
fn byteAt(index: u32, at: u32) -> f32 {
  var word = 0u;
  if index < params.split {
    word = images[index * WORDS + at / 4u];
  } else {
    word = rest[(index - params.split) * WORDS + at / 4u];
  }
  return f32((word >> (8u * (at % 4u))) & 0xffu);
}

fn pixelAt(index: u32, row: i32, column: i32) -> vec3f {
  var value = vec3f(0.0);
  if all(vec2i(row, column) >= vec2i(0)) && all(vec2i(row, column) < vec2i(i32(SIZE))) {
    let at = (u32(row) * SIZE + u32(column)) * 3u;
    value = vec3f(byteAt(index, at), byteAt(index, at + 1u), byteAt(index, at + 2u));
  }
  return value * params.scale.xyz + params.shift.xyz;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let sample = wg.x;
  let index = imageIndex(sample);
  if lane == 0u {
    labels[sample] = (classes[index / 4u] >> (8u * (index % 4u))) & 0xffu;
  }
  var offset = vec2i(0); // of the window against the image: row, column
  var flip = false;
  if AUGMENT {
    let random = philox(vec4u(counter[0], sample, 0u, 0u), vec2u(params.seed, params.stream));
    offset = vec2i(vec2u(multiplyHigh(random.x, OFFSETS), multiplyHigh(random.y, OFFSETS))) - i32(PADDING);
    flip = (random.z >> 31u) == 1u;
  }
  for (var run = lane; run < SIZE * SIZE / RUN; run += LANES) {
    let row = i32(run * RUN / SIZE) + offset.x;
    var column = i32(run * RUN % SIZE);
    var step = 1;
    if flip {
      column = i32(SIZE) - 1 - column;
      step = -1;
    }
    column += offset.y;
    let a = pixelAt(index, row, column);
    let b = pixelAt(index, row, column + step);
    let c = pixelAt(index, row, column + 2 * step);
    let d = pixelAt(index, row, column + 3 * step);
    let at = (sample * SIZE * SIZE + run * RUN) * 3u / 4u;
    x[at] = vec4f(a, b.x);
    x[at + 1u] = vec4f(b.yz, c.xy);
    x[at + 2u] = vec4f(c.z, d);
  }
}
