import { startWorker } from '#client/workerPort.ts';
import { Lab } from './lab.ts';
import { answer, type Answer } from './labError.ts';
import type { LabEvent, LabHost, LabPage } from './messages.ts';

declare global {
  /** `scripts/lab/browserRuntime.ts` drives it. */
  var lab: LabPage;
  /** Set by the script. */
  var normLabEvent: (event: LabEvent) => Promise<void>;
}

/** Where the worker keeps the choices, in the origin's private files. */
const TUNING_FILE = 'tuning.json';

/** Files go through the server that this page came from, under a key that it was given. */
const base = `./${location.hash.slice(1)}/`;
let told: Promise<void> = Promise.resolve();

const host: LabHost = {
  async read(name) {
    const response = await fetch(base + encodeURI(name), { cache: 'no-store' });
    if (!response.ok) throw new Error(`${name} could not be read (${response.status}).`);
    return new File([await response.blob()], name.slice(name.lastIndexOf('/') + 1));
  },
  async write(name, content) {
    const response = await fetch(base + encodeURI(name), { method: 'PUT', body: content });
    if (!response.ok) throw new Error(`${name} could not be written: ${await response.text()}`);
  },
  emit(event) {
    told = globalThis.normLabEvent(event);
  },
};

const control = new Lab(startWorker(), host);

globalThis.lab = {
  async open(data, tuning) {
    if (tuning !== undefined) await writeTuning(tuning);
    return inOrder(control.open(data));
  },
  run: (job) => inOrder(control.run(job)),
  stop: () => control.stop(),
  async tuning() {
    const folder = await navigator.storage.getDirectory();
    try {
      return await (await (await folder.getFileHandle(TUNING_FILE)).getFile()).text();
    } catch {
      return undefined;
    }
  },
};

/** The last event comes before the result, for whoever prints both. */
async function inOrder<Value>(work: Promise<Value>): Promise<Answer<Value>> {
  const answered = await answer(work);
  await told;
  return answered;
}

async function writeTuning(text: string): Promise<void> {
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle(TUNING_FILE, { create: true });
  const writable = await file.createWritable();
  await writable.write(text);
  await writable.close();
}
