import { describe, expect, it } from 'vitest';
import { trainingRun } from '#export/exportedRun.fixtures.ts';
import { encodeRuns } from '#export/runsJson.ts';
import { sortFiles } from './droppedFiles.ts';
import { openRunFiles } from './openFiles.ts';

const runsFile = new File([encodeRuns([trainingRun()], 1)], 'Runs.JSON');
const stateFile = new File(['NLCP…'], 'state.bin');

it('files are told apart by their names and first bytes', async () => {
  const weights = new File(['x'], 'model.safetensors');
  const cifar = new File([Uint8Array.of(3, 1, 4)], 'data_batch_1.bin');
  const empty = new File([], 'nothing');
  const sorted = await sortFiles([cifar, weights, stateFile, runsFile, empty]);
  expect(sorted).toEqual({
    runs: [runsFile],
    states: [stateFile],
    weights: [weights],
    data: [cifar, empty],
  });
});

describe('openRunFiles', () => {
  function client(refuses = false) {
    const asked: string[] = [];
    return {
      asked,
      importRuns: async (runs: readonly unknown[]) => {
        asked.push(`${runs.length} runs`);
        return { added: ['run-1'], skipped: ['run-2'] };
      },
      importCheckpoint: async () => {
        asked.push('state');
        if (refuses) throw new Error('The checkpoint is damaged or cut off.');
        return { runId: 'run-1', step: 1200 };
      },
      getState: () => ({ runs: [] }) as never,
    };
  }

  it('keeps runs before the states that belong to them', async () => {
    const page = client();
    expect(await openRunFiles(page, [runsFile], [stateFile])).toBe(
      '1 run was added; 1 were there already. The state after step 1,200 of its run is kept.',
    );
    expect(page.asked).toEqual(['1 runs', 'state']);
  });

  it('names the file that is at fault', async () => {
    const other = new File(['{}'], 'other.json');
    await expect(openRunFiles(client(), [other], [])).rejects.toThrow('“other.json”: The file holds no runs');
    await expect(openRunFiles(client(true), [], [stateFile])).rejects.toThrow('“state.bin”: The checkpoint');
  });
});
