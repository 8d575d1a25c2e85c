import { resnet18 } from '#domain/resnet.ts';
import * as tf from '#gpu/tf.ts';
import { ADAM, type BenchCase, type Contestant } from './stepBenchmark.ts';
import { countGpuCalls } from './gpuCalls.ts';
import { startingPoint } from './startingPoint.ts';
import { createStockStep } from './stockTfjs.ts';

/** Stock TensorFlow.js on the active backend, on the same case from the same numbers, first step done. */
export async function stockContestant({ width, batch, norm, ws }: BenchCase): Promise<Contestant> {
  countGpuCalls();
  const network = resnet18({ width, stemPadding: 1, classes: 10 });
  const { weights, images, labels } = startingPoint(network, norm, batch);
  const begun = performance.now();
  const stock = createStockStep({
    network,
    norm,
    ws,
    batchSize: batch,
    images,
    labels: Int32Array.from(labels),
    weights,
    learningRate: ADAM.learningRate,
  });
  const firstLoss = await stock.step();
  return {
    firstLoss,
    firstStepMs: performance.now() - begun,
    async step() {
      const issued = performance.now();
      const result = stock.step();
      const issueMs = performance.now() - issued;
      const loss = await result;
      return { loss, ms: performance.now() - issued, issueMs };
    },
    // What its pool holds, in use or not, as WebGPU sees it.
    gpuBytes: () => (tf.memory() as { numBytesAllocatedInGPU?: number }).numBytesAllocatedInGPU,
    dispose: () => stock.dispose(),
  };
}
