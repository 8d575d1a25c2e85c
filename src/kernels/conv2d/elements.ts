/** WGSL type of an array whose elements are vectors of four channels, or single channels. */
export const elementType = (isVector: boolean): string => (isVector ? 'vec4f' : 'f32');

/** Workgroups per dimension that every WebGPU device allows. */
export const MAX_WORKGROUPS = 65_535;
