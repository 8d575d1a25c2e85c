// npm run data: downloads CIFAR-10 in its official binary form. `npm start` and `npm run dev` then offer it
// to the page.
import { resolve } from 'node:path';
import { downloadData } from './downloadData.mjs';
import { dataFolder } from './localData.mjs';

const file = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  target: resolve(dataFolder, 'cifar-10-binary.tar.gz'),
  byteLength: 170_052_171,
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
};

const start = performance.now();
let lastLine = 0;
/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

try {
  const outcome = await downloadData(file, (done) => {
    const now = performance.now();
    if (now - lastLine < (process.stderr.isTTY ? 200 : 5000) && done < file.byteLength) return;
    lastLine = now;
    const line = `${megabytes(done)} of ${megabytes(file.byteLength)} MB, ${Math.round((now - start) / 1000)} s`;
    process.stderr.write(process.stderr.isTTY ? `\r${line} ` : `${line}\n`);
  });
  if (outcome === 'downloaded' && process.stderr.isTTY) process.stderr.write('\n');
  console.log(
    `${file.target} is ${outcome === 'present' ? 'there already' : 'complete'}; npm start offers it.`,
  );
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
