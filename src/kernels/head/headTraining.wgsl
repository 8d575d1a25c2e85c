// Head of the network in training, first half, one image per workgroup: global average pool, linear
// classifier, softmax cross-entropy, and the gradients down to the feature map.
//
//   features    [N, P, C]  f32    P = H*W pixels, NHWC
//   parameters  packed     f32    weight [C, K] and bias [K] at their offsets
//   labels      [N]        u32
//   pooled      [N, C]     f32    out: mean over pixels
//   logits      [N, K]     f32    out
//   dLogits     [N, K]     f32    out: (softmax - onehot) / N, gradient of the batch's mean loss
//   results     [N]        ImageResult, out
//   dFeatures   [N, P, C]  f32    out: dLogits weight^T / P
// Bindings 0 to 7 in this order, then 8 the parameters.
//
// Dispatch (N, 1, 1). Needs classify.wgsl, which explains the arithmetic. Second half: headGradient.wgsl.
// Source: pool and classifier of He et al. 2015, arXiv:1512.03385, table 1; loss as torch.nn.CrossEntropyLoss.
// Checked against reference.ts.

override LANES: u32 = 128u; // workgroup size, at least K
override CHANNELS: u32 = 512u; // C

struct Params {
  pixels: u32,  // P
  classes: u32, // K
  weight: u32,  // offsets in floats
  bias: u32,
  batch: u32,   // N
  nan: u32,     // bits of a NaN, which WGSL cannot write down
}

@group(0) @binding(0) var<storage, read> features: array<f32>;
@group(0) @binding(1) var<storage, read> parameters: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> pooled: array<f32>;
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> dLogits: array<f32>;
@group(0) @binding(6) var<storage, read_write> results: array<ImageResult>;
@group(0) @binding(7) var<storage, read_write> dFeatures: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = wg.x;
  classify(image, lane);

  let label = labels[image];
  if lane < params.classes {
    let s = softmax();
    var gradient = bitcast<f32>(params.nan);
    if s.valid {
      let probability = exp(scores[lane] - s.largest) / s.sum;
      gradient = (probability - select(0.0, 1.0, lane == label)) / f32(params.batch);
    }
    if lane == 0u {
      results[image] = crossEntropy(s, label);
    }
    logits[image * params.classes + lane] = scores[lane];
    dLogits[image * params.classes + lane] = gradient;
    products[lane] = gradient;
  }
  workgroupBarrier();

  for (var c = lane; c < CHANNELS; c += LANES) {
    pooled[image * CHANNELS + c] = pool[c];
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) {
      sum += products[k] * parameters[params.weight + c * params.classes + k];
    }
    let share = sum / f32(params.pixels);
    let end = (image + 1u) * params.pixels * CHANNELS;
    for (var i = image * params.pixels * CHANNELS + c; i < end; i += CHANNELS) {
      dFeatures[i] = share;
    }
  }
}
