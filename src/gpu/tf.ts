/**
 * TensorFlow.js. Every other module imports it from here, with static names (`tf.add`), so that a bundler
 * can leave out what is not used.
 *
 * Importing this module registers tfjs's gradients and its CPU and WebGL backends; `backend.ts` registers
 * WebGPU on NormLab's own device.
 */
export * from '@tensorflow/tfjs';
