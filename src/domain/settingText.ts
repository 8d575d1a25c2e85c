import { formatRate } from '#lib/numberText.ts';
import type { Experiment } from './experiment.ts';
import { choiceLabel, settingOf } from './parameters.ts';
import type { ParameterName } from './parameters.ts';

/** Digits of a setting that is not a round number: what tells two learning rates of a finder apart. */
const DIGITS = 3;

/** A setting as the form of the page shows it: 'on', 'one-cycle', 'all', '5e-4', '64'. */
export function settingText(experiment: Experiment, name: ParameterName): string {
  const value = settingOf(experiment, name);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string') return choiceLabel(name, value) ?? value;
  if ((name === 'trainLimit' || name === 'validLimit') && value === 0) return 'all';
  if (name === 'gradientClip' && value === 0) return 'off';
  return Number.isInteger(value) ? String(value) : formatRate(value, DIGITS);
}
