// Head of the network in evaluation, one image per workgroup: loss and correctness of each image.
//
//   features    [N, P, C]  f32  P = H*W pixels, NHWC
//   parameters  packed     f32  weight [C, K] and bias [K] at their offsets
//   labels      [N]        u32
//   cursor      [2]        u32  first image of this batch, images to evaluate
//   logits      [N, K]     f32  out
//   results     [images]   ImageResult, out: entry cursor[0] + n
// Bindings 0 to 5 in this order, then 6 the parameters.
//
// Dispatch (N, 1, 1). Rows past the last image pad the batch; their results are dropped.
// Needs classify.wgsl, which explains the arithmetic. Checked against reference.ts.

override LANES: u32 = 128u; // workgroup size, at least K
override CHANNELS: u32 = 512u; // C

struct Params {
  pixels: u32,  // P
  classes: u32, // K
  weight: u32,  // offsets in floats
  bias: u32,
  nan: u32,     // bits of a NaN, which WGSL cannot write down
}

@group(0) @binding(0) var<storage, read> features: array<f32>;
@group(0) @binding(1) var<storage, read> parameters: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> cursor: array<u32>;
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> results: array<ImageResult>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = wg.x;
  classify(image, lane);
  if lane < params.classes {
    logits[image * params.classes + lane] = scores[lane];
  }
  let position = cursor[0] + image;
  if lane == 0u && position < cursor[1] {
    results[position] = crossEntropy(softmax(), labels[image]);
  }
}
