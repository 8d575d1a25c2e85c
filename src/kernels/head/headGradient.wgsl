// Head of the network in training, second half: what sums over the images of the batch.
//
//   pooled     [N, C]  f32          from headTraining.wgsl
//   dLogits    [N, K]  f32          from headTraining.wgsl
//   results    [N]     ImageResult  from headTraining.wgsl
//   counter    [1]     u32          number of this step
//   gradients  packed  f32          out: weight [C, K] = pooled^T dLogits and bias [K] at their offsets
//   ring       [R]     RingSlot     out: slot counter % R gets the mean loss and the correct count
// Bindings 0 to 5 in this order, then 6 the parameters.
//
// Dispatch (ceil((C + 1) * K / LANES) + 1, 1, 1): an invocation sums one gradient over the images in their
// order (row C of the weight stands for the bias); the last workgroup writes the ring.
// Each sum is one chain of N terms in f32. Checked against reference.ts.

override LANES: u32 = 64u; // workgroup size, a power of two

struct ImageResult {
  loss: f32,
  correct: u32,
}

struct RingSlot {
  meanLoss: f32,
  correct: u32,
}

struct Params {
  batch: u32,    // N
  channels: u32, // C
  classes: u32,  // K
  weight: u32,   // offsets in floats
  bias: u32,
  ringSize: u32, // R
}

@group(0) @binding(0) var<storage, read> pooled: array<f32>;
@group(0) @binding(1) var<storage, read> dLogits: array<f32>;
@group(0) @binding(2) var<storage, read> results: array<ImageResult>;
@group(0) @binding(3) var<storage, read> counter: array<u32>;
@group(0) @binding(4) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(5) var<storage, read_write> ring: array<RingSlot>;
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> laneResults: array<ImageResult, LANES>;

fn writeRing(lane: u32) {
  var own = ImageResult(0.0, 0u);
  for (var n = lane; n < params.batch; n += LANES) {
    own.loss += results[n].loss;
    own.correct += results[n].correct;
  }
  laneResults[lane] = own;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if lane < stride {
      laneResults[lane].loss += laneResults[lane + stride].loss;
      laneResults[lane].correct += laneResults[lane + stride].correct;
    }
    workgroupBarrier();
  }
  if lane == 0u {
    ring[counter[0] % params.ringSize] = RingSlot(laneResults[0].loss / f32(params.batch), laneResults[0].correct);
  }
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) wg: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  if wg.x == workgroups.x - 1u {
    writeRing(lane);
    return;
  }
  let output = wg.x * LANES + lane;
  let c = output / params.classes;
  let k = output % params.classes;
  if c < params.channels {
    var sum = 0.0;
    for (var n = 0u; n < params.batch; n++) {
      sum += pooled[n * params.channels + c] * dLogits[n * params.classes + k];
    }
    gradients[params.weight + output] = sum;
  } else if c == params.channels {
    var sum = 0.0;
    for (var n = 0u; n < params.batch; n++) {
      sum += dLogits[n * params.classes + k];
    }
    gradients[params.bias + k] = sum;
  }
}
