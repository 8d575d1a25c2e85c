import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { commandLine, lab } from './commandLine.ts';

const settings =
  '--norm gn --ws --batch-size 4 --width 8 --epochs 2 --limit-train 16 --limit-valid 8 --max-lr 1e-3 --augmentation crop-flip';

interface RunFile {
  readonly runs: readonly {
    readonly run: { readonly status: string; readonly epochs: readonly Record<string, number>[] };
    readonly steps: Readonly<Record<string, readonly number[]>>;
    readonly firstBatches: readonly (readonly number[])[];
  }[];
}

function runOf(folder: string): RunFile['runs'][number] {
  const file = JSON.parse(readFileSync(resolve(folder, 'run.json'), 'utf8')) as RunFile;
  return file.runs[0]!;
}

/** The tensors of a safetensors file, without the header, which names the run. */
function tensorsOf(folder: string, name: string): Buffer {
  const bytes = readFileSync(resolve(folder, name));
  return bytes.subarray(8 + Number(bytes.readBigUint64LE(0)));
}

test('the command line trains, stops, and resumes to the same bits', async () => {
  const info = test.info();
  const [whole, parts] = [info.outputPath('whole'), info.outputPath('parts')];
  const table = await lab(`train ${settings} --out ${whole}`);
  expect(table).toMatch(/^epoch +train_loss +valid_loss +accuracy +time\n0 .*\n1 .*\n$/);

  // In the middle of the second epoch.
  const events = (await lab(`train ${settings} --out ${parts} --max-steps 6 --json`))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly type: string; readonly status?: string });
  expect(events.at(-1)).toMatchObject({ type: 'end', status: 'stopped', stepCount: 6 });
  expect(runOf(parts)).toMatchObject({ run: { status: 'stopped' }, steps: { losses: { length: 6 } } });
  await lab(`train --resume ${parts}`);

  const [one, two] = [runOf(whole), runOf(parts)];
  expect(one.run.status).toBe('finished');
  expect(two.run.status).toBe('finished');
  for (const name of ['losses', 'smoothed', 'learningRates', 'momenta']) {
    expect(two.steps[name]).toEqual(one.steps[name]);
  }
  expect(one.steps['losses']).toHaveLength(8);
  for (const name of ['trainLoss', 'validLoss', 'accuracy']) {
    expect(two.run.epochs.map((row) => row[name])).toEqual(one.run.epochs.map((row) => row[name]));
  }
  expect(one.firstBatches).toHaveLength(8);
  expect(one.firstBatches[0]).toHaveLength(4);
  for (const name of ['init.safetensors', 'model.safetensors']) {
    expect(tensorsOf(parts, name).equals(tensorsOf(whole, name))).toBe(true);
  }
  expect(tensorsOf(whole, 'model.safetensors').equals(tensorsOf(whole, 'init.safetensors'))).toBe(false);
});

test('Ctrl+C ends the command line with a checkpoint and status 130', async () => {
  const out = test.info().outputPath('out');
  const child = spawn(process.execPath, commandLine(`train ${settings} --epochs 200 --out ${out} --json`), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((done) => child.on('exit', (status) => done(status)));
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    const isFirst = !text.includes('"type":"steps"');
    text += bytes.toString();
    if (isFirst && text.includes('"type":"steps"')) child.kill('SIGINT');
  });
  expect(await ended).toBe(130);
  const { run, steps } = runOf(out);
  expect(run.status).toBe('stopped');
  expect(steps['losses']!.length).toBeGreaterThan(0);
  expect(existsSync(resolve(out, 'checkpoint.bin'))).toBe(true);
});
