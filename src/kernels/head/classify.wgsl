// Pool, linear classifier and cross-entropy of one image, shared by headTraining.wgsl and headEvaluation.wgsl.
// Results stay in workgroup memory: `pool` [C], `scores` [K] (logits); `crossEntropy` works on `scores`.
//
// Needs `LANES` (at least K), `CHANNELS` (C), `features`, `parameters` and `params` of the including kernel.
// Loss by log-sum-exp with the maximum subtracted: the sum is at least 1, so no logarithm of zero can occur
// (it is -88 on some devices). Ties go to the lowest index. A NaN or +infinite logit makes the loss NaN and
// counts as wrong; both are found by their bits, since WGSL lets compilers assume that neither exists.

struct ImageResult {
  loss: f32,    // nats
  correct: u32, // 1 where the largest logit is the label's
}

struct Softmax {
  largest: f32,
  sum: f32, // of exp(logit - largest)
  predicted: u32,
  valid: bool,
}

var<workgroup> pool: array<f32, CHANNELS>;
var<workgroup> products: array<f32, LANES>;
var<workgroup> scores: array<f32, LANES>;

// Fills `pool` and `scores`; ends with a barrier.
fn classify(image: u32, lane: u32) {
  for (var c = lane; c < CHANNELS; c += LANES) {
    var sum = 0.0;
    let end = (image + 1u) * params.pixels * CHANNELS;
    for (var i = image * params.pixels * CHANNELS + c; i < end; i += CHANNELS) {
      sum += features[i];
    }
    pool[c] = sum / f32(params.pixels);
  }
  workgroupBarrier();

  // Lanes share the channels of a class; neighbouring lanes read neighbouring weights.
  let shares = LANES / params.classes;
  let class_ = lane % params.classes;
  var product = 0.0;
  if lane < shares * params.classes {
    for (var c = lane / params.classes; c < CHANNELS; c += shares) {
      product += pool[c] * parameters[params.weight + c * params.classes + class_];
    }
  }
  products[lane] = product;
  workgroupBarrier();
  if lane < params.classes {
    var score = parameters[params.bias + lane];
    for (var share = 0u; share < shares; share++) {
      score += products[share * params.classes + lane];
    }
    scores[lane] = score;
  }
  workgroupBarrier();
}

// Every lane walks over all classes in the same order, so that all get the same bits.
fn softmax() -> Softmax {
  var result = Softmax(scores[0], 0.0, 0u, true);
  for (var k = 0u; k < params.classes; k++) {
    let bits = bitcast<u32>(scores[k]);
    let isNan = (bits & 0x7fffffffu) > 0x7f800000u;
    let isInfinite = bits == 0x7f800000u;
    result.valid &= !(isNan | isInfinite);
    if scores[k] > result.largest {
      result.largest = scores[k];
      result.predicted = k;
    }
  }
  for (var k = 0u; k < params.classes; k++) {
    result.sum += exp(scores[k] - result.largest);
  }
  return result;
}

fn crossEntropy(s: Softmax, label: u32) -> ImageResult {
  if !s.valid {
    return ImageResult(bitcast<f32>(params.nan), 0u);
  }
  return ImageResult(log(s.sum) + (s.largest - scores[label]), select(0u, 1u, s.predicted == label));
}
