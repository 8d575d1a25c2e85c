import type { LabControl, LabEvent } from '#lab/messages.ts';
import type { Inputs } from './inputs.ts';

/** What a runtime is opened with. */
export interface RuntimeOptions {
  readonly inputs: Inputs;
  /** Folder for what the runs leave. */
  readonly out: string;
  readonly onEvent: (event: LabEvent) => void;
  /** Lines for people about what takes time before the first run. */
  readonly log: (line: string) => void;
}

/** The lab at work somewhere. */
export interface Runtime extends LabControl {
  close(): Promise<void>;
}
