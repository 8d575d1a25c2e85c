import { createTfjsEngine } from '#engine/tfjs/tfjsEngine.ts';
import { useWebGlBackend as selectWebGl } from '#gpu/stockBackend.ts';
import type { TrainingDevice } from './trainingDevice.ts';

/** Four 32-bit channels in a texel. */
const BYTES_PER_TEXEL = 16;

/**
 * Opens tfjs's WebGL backend with its stock kernels.
 * @param reason why WebGPU is not used.
 * @throws {WebGlUnavailableError}
 */
export async function openWebGl(reason: string): Promise<TrainingDevice> {
  const backend = await selectWebGl();
  const { title, vendor, textureSize } = describeWebGl();
  return {
    info: {
      backend: 'webgl',
      title,
      vendor,
      architecture: '',
      isFallback: /swiftshader|llvmpipe|software|basic render/i.test(title),
      features: [],
      maxBufferBytes: textureSize ** 2 * BYTES_PER_TEXEL,
      reason,
    },
    createEngine: (config) => createTfjsEngine(config, backend),
    onFailure: (listener) => void backend.onFailure(listener),
  };
}

/** What WebGL tells of its device; best effort, from a context of its own. */
function describeWebGl(): { title: string; vendor: string; textureSize: number } {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
  if (!gl) return { title: 'WebGL', vendor: '', textureSize: 4096 };
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const text = (parameter: GLenum): string => String(gl.getParameter(parameter) ?? '');
  const description = {
    title: text(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER) || 'WebGL',
    vendor: text(names ? names.UNMASKED_VENDOR_WEBGL : gl.VENDOR),
    textureSize: Number(gl.getParameter(gl.MAX_TEXTURE_SIZE)),
  };
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return description;
}
