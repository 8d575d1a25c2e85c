// What filterNorms.wgsl and layerRow.wgsl share: the table of filters, and what is summed of each.
//
// Needs shared/magnitudes.wgsl.

const MOST_LAYERS = 64u;

struct FilterMagnitudes {
  gradient: Magnitude,
  weight: Magnitude, // before the update
  update: Magnitude,
}

struct Params {
  layers: u32,
  every: u32,         // steps between samples
  rows: u32,          // of the ring
  hasDeviations: u32, // 0 without normalization
  eps: f32,           // of the normalization
  @align(16) filters: array<vec4u, MOST_LAYERS>, // first element, elements, first part, parts
}

fn mergeFilters(a: FilterMagnitudes, b: FilterMagnitudes) -> FilterMagnitudes {
  return FilterMagnitudes(
    mergeMagnitudes(a.gradient, b.gradient),
    mergeMagnitudes(a.weight, b.weight),
    mergeMagnitudes(a.update, b.update),
  );
}
