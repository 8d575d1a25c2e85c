// A vector is one channel: for channel counts that are no multiple of four. Twin of fourChannels.wgsl.
alias Vec = f32;
const WIDTH = 1u;

fn component(vector: Vec, i: u32) -> f32 {
  return vector;
}

fn groupFirst(channel: u32) -> Vec {
  return groupValue(channel).x;
}

fn groupSecond(channel: u32) -> Vec {
  return groupValue(channel).y;
}
