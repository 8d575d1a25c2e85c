// A vector is four channels: for channel counts that are a multiple of four.
alias Vec = vec4f;
const WIDTH = 4u;

fn component(vector: Vec, i: u32) -> f32 {
  return vector[i];
}

// Mean (or first sum) and rstd (or second sum) of the group of each channel from `channel` of the tile on.
fn groupFirst(channel: u32) -> Vec {
  return vec4f(groupValue(channel).x, groupValue(channel + 1u).x, groupValue(channel + 2u).x, groupValue(channel + 3u).x);
}

fn groupSecond(channel: u32) -> Vec {
  return vec4f(groupValue(channel).y, groupValue(channel + 1u).y, groupValue(channel + 2u).y, groupValue(channel + 3u).y);
}
