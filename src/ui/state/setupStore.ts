import { create } from 'zustand';
import type { Experiment } from '#domain/experiment.ts';
import type { RunOptions } from '#domain/runOptions.ts';
import type { WeightsFile } from '#client/runRequests.ts';
import type { StoredTensor } from '#export/safetensors.ts';
import { parameterError, parseNumber, withSettings } from '#domain/parameters.ts';
import type { NumberParameterName, ParameterName } from '#domain/parameters.ts';
import { defaultFinderSettings, type FinderSettings } from '#domain/run.ts';
import { deviceGigabytes, firstExperiment } from './firstExperiment.ts';

/** A file of weights that was chosen as the start of the next runs. */
export interface ChosenWeights extends WeightsFile {
  /** To be looked at; the worker reads `bytes`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

interface SetupState {
  /** What the next run will be; every field is within its range. */
  readonly experiment: Experiment;
  /** Why its learning rate is what it is: 'valley', 'by hand'; undefined where it was typed or is the usual one. */
  readonly rateReason: string | undefined;
  /** Texts of number fields that are being typed or are not allowed. */
  readonly drafts: Readonly<Partial<Record<NumberParameterName, string>>>;
  /** Sentences for drafts that are not allowed. */
  readonly errors: Readonly<Partial<Record<NumberParameterName, string>>>;
  readonly finder: FinderSettings;
  /** What a training run does besides its steps. */
  readonly options: RunOptions;
  /** Undefined: initial weights follow from the seed. */
  readonly weights: ChosenWeights | undefined;
  set: <Name extends ParameterName>(name: Name, value: NonNullable<Experiment[Name]>) => void;
  /** Takes a learning rate that the finder showed, with the reason for it. */
  setRate: (learningRate: number, reason: string) => void;
  /** Takes what was typed: into the experiment when it is allowed, else as a draft with an error. */
  type: (name: NumberParameterName, text: string) => void;
  /** Forgets an allowed draft, so that the field shows the value in its usual form. */
  settle: (name: NumberParameterName) => void;
  setFinder: (settings: FinderSettings) => void;
  setOptions: (options: RunOptions) => void;
  setWeights: (weights: ChosenWeights | undefined) => void;
  /** Takes a whole experiment, such as that of a link; every field must be allowed. */
  load: (experiment: Experiment, rateReason?: string) => void;
}

function without<Value>(
  record: Readonly<Partial<Record<NumberParameterName, Value>>>,
  name: ParameterName,
): Partial<Record<NumberParameterName, Value>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}

export const useSetup = create<SetupState>()((set) => ({
  experiment: firstExperiment(deviceGigabytes()),
  rateReason: undefined,
  drafts: {},
  errors: {},
  finder: defaultFinderSettings,
  options: {},
  weights: undefined,
  set: (name, value) =>
    set((state) => ({
      experiment: withSettings(state.experiment, { [name]: value }),
      drafts: without(state.drafts, name),
      errors: without(state.errors, name),
      ...(name === 'maxLearningRate' && { rateReason: undefined }),
    })),
  setRate: (learningRate, rateReason) => {
    setupActions.set('maxLearningRate', learningRate);
    set({ rateReason });
  },
  type: (name, text) =>
    set((state) => {
      const value = parseNumber(text);
      const error = parameterError(name, value);
      const drafts = { ...state.drafts, [name]: text };
      if (error) return { drafts, errors: { ...state.errors, [name]: error } };
      return {
        experiment: withSettings(state.experiment, { [name]: value }),
        drafts,
        errors: without(state.errors, name),
        ...(name === 'maxLearningRate' && { rateReason: undefined }),
      };
    }),
  settle: (name) => set((state) => (state.errors[name] ? state : { drafts: without(state.drafts, name) })),
  setFinder: (finder) => set({ finder }),
  setOptions: (options) => set({ options }),
  setWeights: (weights) => set({ weights }),
  load: (experiment, rateReason) => set({ experiment, rateReason, drafts: {}, errors: {} }),
}));

/** The actions of the store, for event handlers; they never change. */
export const setupActions: Pick<
  SetupState,
  'set' | 'setRate' | 'type' | 'settle' | 'setFinder' | 'setOptions' | 'setWeights' | 'load'
> = useSetup.getState();

/** What is wrong with the first field that is not allowed. */
export function useSetupError(): string | undefined {
  return useSetup((state) => Object.values(state.errors)[0]);
}
