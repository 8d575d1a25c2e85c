/** WGSL type of an array whose elements are vectors of four channels, or single channels. */
export const elementType = (isVector: boolean): string => (isVector ? 'vec4f' : 'f32');
