import { join, relative } from 'node:path';
import type { EpochRow } from '#domain/run.ts';
import { LabError } from '#lab/labError.ts';
import type { LabEvent, LabJob, LabOutcome } from '#lab/messages.ts';
import { helpText } from './help.ts';
import { dataInputs, initInputs, readSweepFile, resumeInputs } from './inputs.ts';
import { finderSettings, parseCommand, type LabCommand, type RuntimeName } from './options.ts';
import { prepareFolder } from './outputFolder.ts';
import { jsonReporter, summaryTable, TextReporter, type Reporter, type SummaryRow } from './reporter.ts';
import type { Runtime, RuntimeOptions } from './runtime.ts';
import { parseSweep } from './sweep.ts';
import { UsageError } from './usageError.ts';

/** How the process ends. A run that diverged is a result like any other. */
export const EXIT = { fine: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

type RunCommand = Exclude<LabCommand, { name: 'help' }>;
/** What a job has besides what all jobs of a command share. */
type JobPart = Pick<LabJob, 'command' | 'experiment' | 'finder' | 'folder'>;

/**
 * @param words of the command line, after the script's name.
 * @returns the exit status.
 */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(words);
    if (command.name === 'help') {
      process.stdout.write(`${helpText()}\n`);
      return EXIT.fine;
    }
    return await execute(command);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    const isRefusal = error instanceof UsageError || (error instanceof LabError && error.isRefusal);
    return isRefusal ? EXIT.usage : EXIT.failed;
  }
}

async function execute(command: RunCommand): Promise<number> {
  // Everything that can be wrong is found before anything starts.
  const parts = jobsOf(command);
  const { data, inputs } = dataInputs(command.data);
  const all = new Map([
    ...inputs,
    ...initInputs(command.init),
    ...(command.name === 'resume' ? resumeInputs(command.from) : []),
  ]);
  const isInPlace = command.name === 'resume' && relative(command.from, command.out) === '';
  if (!isInPlace) for (const { folder } of parts) prepareFolder(join(command.out, folder), command.overwrite);

  const reporter = command.json
    ? jsonReporter(process.stdout, process.stderr)
    : new TextReporter(process.stdout, process.stderr);
  let lastEpoch: EpochRow | undefined;
  const onEvent = (event: LabEvent): void => {
    if (event.type === 'epoch') lastEpoch = event.row;
    reporter.event(event);
  };
  const log = (line: string): void => reporter.log(line);
  const runtime = await openRuntime(command.runtime, { inputs: all, out: command.out, onEvent, log });
  const signals = stopOnSignal(runtime, reporter);
  const rows: SummaryRow[] = [];
  try {
    await runtime.open(data);
    for (const part of parts) {
      if (signals.received) break;
      lastEpoch = undefined;
      const { status, stepCount, result } = await runOne(runtime, command, part).catch((error: unknown) => {
        // One arm that cannot be trained is no reason to give up the others.
        if (command.name !== 'sweep' || !(error instanceof LabError)) throw error;
        log(`${part.folder} ${error.message}`);
        return { status: 'failed', stepCount: 0, result: undefined } as const;
      });
      rows.push({
        folder: part.folder.replace(/\/$/, ''),
        status,
        steps: stepCount,
        epoch: lastEpoch,
        result,
      });
    }
  } finally {
    signals.dispose();
    await runtime.close();
  }
  if (command.name === 'sweep' && !command.json) process.stdout.write(`\n${summaryTable(rows)}\n`);
  if (signals.received) return EXIT[signals.received];
  return rows.some(({ status }) => status === 'failed' || status === 'interrupted') ? EXIT.failed : EXIT.fine;
}

/** Each brings much with it that the other, and a wrong argument, can do without. */
async function openRuntime(name: RuntimeName, options: RuntimeOptions): Promise<Runtime> {
  return name === 'node'
    ? (await import('./nodeRuntime.ts')).openNodeRuntime(options)
    : (await import('./browserRuntime.ts')).openBrowserRuntime(options);
}

function runOne(runtime: Runtime, command: RunCommand, part: JobPart): Promise<LabOutcome> {
  const { init, pytorch, maxSteps } = command;
  const withPytorch = pytorch && part.command !== 'lr-find';
  return runtime.run({ ...part, hasInit: init !== undefined, withPytorch, maxSteps });
}

/** @throws {UsageError} when the file of a sweep is not in order. */
function jobsOf(command: RunCommand): JobPart[] {
  if (command.name === 'train') {
    return [{ command: 'train', experiment: command.experiment, finder: undefined, folder: '' }];
  }
  if (command.name === 'resume') {
    return [{ command: 'resume', experiment: undefined, finder: undefined, folder: '' }];
  }
  if (command.name === 'lr-find') {
    return [{ command: 'lr-find', experiment: command.experiment, finder: command.finder, folder: '' }];
  }
  const sweep = parseSweep(readSweepFile(command.file), command.base, command.file);
  return sweep.arms.map(({ folder, experiment }) => ({
    command: sweep.command,
    experiment,
    finder: sweep.command === 'lr-find' ? finderSettings(command.ramp, experiment.batchSize) : undefined,
    folder: `${folder}/`,
  }));
}

/** Ctrl+C ends the run with a checkpoint; the second time it ends the process. */
function stopOnSignal(
  runtime: Runtime,
  reporter: Reporter,
): { readonly received: 'interrupted' | 'terminated' | undefined; dispose(): void } {
  let received: 'interrupted' | 'terminated' | undefined;
  const listen = (end: 'interrupted' | 'terminated') => (): void => {
    if (received) process.exit(EXIT[end]);
    received = end;
    reporter.log('stopping, with a checkpoint … (once more ends it at once)');
    runtime.stop();
  };
  const onInterrupt = listen('interrupted');
  const onTerminate = listen('terminated');
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    get received() {
      return received;
    },
    dispose() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
