/** Threads of a workgroup of the strip kernels: SwiftShader runs four as one; more only share a fate. */
export const STRIP_LANES = 4;

/** WGSL type of an array whose elements are vectors of four channels, or single channels. */
export const elementType = (isVector: boolean): string => (isVector ? 'vec4f' : 'f32');

/** Workgroups per dimension that every WebGPU device allows. */
export const MAX_WORKGROUPS = 65_535;
