// npm run record: makes the recorded runs that come with the page, public/recorded/*.json, with npm run lab. On a
// software adapter all of them take several minutes; times of steps mean something only on a quiet machine.
//   npm run record -- [P1 P2 …]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { moduleServer } from './moduleServer.mjs';

const root = resolve(import.meta.dirname, '..');
const server = await moduleServer();
try {
  const { recordings, recordedPlans } = /** @type {typeof import('../src/analysis/recordings.ts')} */ (
    await server.ssrLoadModule('/src/analysis/recordings.ts')
  );
  const { decodeRuns, encodeRuns } = /** @type {typeof import('../src/export/runsJson.ts')} */ (
    await server.ssrLoadModule('/src/export/runsJson.ts')
  );
  const wanted = process.argv.slice(2);
  for (const { question, file } of recordings) {
    if (wanted.length > 0 && !wanted.includes(question)) continue;
    const exported = recordedPlans(question).flatMap((plan, part) =>
      record(plan).map((text, i) => ({
        ...only(decodeRuns(text), plan),
        arm: Math.floor(i / plan.seeds.length),
        studyId: `recorded-${question}-${part}`,
        studyTitle: plan.title,
      })),
    );
    const runs = exported.map(({ run, steps, arm, studyId, studyTitle }, i) => ({
      run: {
        ...run,
        header: {
          ...run.header,
          number: i + 1,
          origin: { studyId, studyTitle, arm, mode: /** @type {const} */ ('queue'), question: undefined },
        },
        notes: { ...run.notes, tags: ['recorded'] },
      },
      steps,
    }));
    const path = resolve(root, 'public', file);
    mkdirSync(resolve(path, '..'), { recursive: true });
    writeFileSync(path, encodeRuns(runs, Date.now()));
    console.log(`${question}: ${runs.length} runs, ${file}`);
  }
} finally {
  await server.close();
}

/**
 * Runs a study with the command line: every arm once per seed, one after another.
 * @param {import('../src/analysis/question.ts').StudyPlan} plan
 * @returns {string[]} the files of its runs: those of the first arm first.
 */
function record(plan) {
  const folder = mkdtempSync(join(tmpdir(), 'normlab-record-'));
  try {
    const sweep = join(folder, 'sweep.json');
    const arms = plan.arms.map(({ seed: _, ...arm }, i) => ({ ...arm, name: `arm${i}` }));
    const command = plan.kind === 'finder' ? 'lr-find' : 'train';
    writeFileSync(sweep, JSON.stringify({ command, seeds: plan.seeds, arms }));
    const ramp = plan.finder
      ? ['--start', plan.finder.start, '--end', plan.finder.end, '--steps', plan.finder.steps].map(String)
      : [];
    const out = join(folder, 'out');
    const { status } = spawnSync(
      process.execPath,
      [resolve(root, 'scripts/lab.mjs'), 'sweep', sweep, '--data', 'built-in', '--out', out, ...ramp],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    if (status !== 0) throw new Error(`The command line ended with ${status}.`);
    return plan.arms.flatMap((_, arm) =>
      plan.seeds.map((seed) => readFileSync(join(out, `arm${arm}-seed${seed}`, 'run.json'), 'utf8')),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {readonly import('../src/export/exportedRun.ts').ExportedRun[]} runs
 * @param {import('../src/analysis/question.ts').StudyPlan} plan
 */
function only([run], plan) {
  if (!run) throw new Error(`A run of “${plan.title}” has no record.`);
  return run;
}
