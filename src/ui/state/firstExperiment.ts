import type { Experiment } from '#domain/experiment.ts';
import { defaultExperiment } from '#domain/parameters.ts';

/** Gigabytes up to which a device gets a narrower network at first. */
const SMALL_GIGABYTES = 4;
const NARROW_WIDTH = 8;

/** Gigabytes of memory as the browser tells, roughly; undefined where it does not. */
export function deviceGigabytes(): number | undefined {
  // Chrome and Edge alone have it.
  return (globalThis.navigator as (Navigator & { readonly deviceMemory?: number }) | undefined)?.deviceMemory;
}

function isSmall(gigabytes: number | undefined): gigabytes is number {
  return gigabytes !== undefined && gigabytes <= SMALL_GIGABYTES;
}

/** What the form begins with: the defaults, with a narrow network where memory is small. */
export function firstExperiment(gigabytes: number | undefined): Experiment {
  return isSmall(gigabytes) ? { ...defaultExperiment(), width: NARROW_WIDTH } : defaultExperiment();
}

/** Says why the width is not the usual one; undefined where it is not for want of memory. */
export function narrowNote(width: number, gigabytes: number | undefined): string | undefined {
  const usual = defaultExperiment().width;
  return isSmall(gigabytes) && width === NARROW_WIDTH
    ? `Chosen at first because this device tells of ${gigabytes} GB of memory; ${usual} is usual.`
    : undefined;
}
