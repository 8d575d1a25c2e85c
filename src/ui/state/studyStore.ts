import { create } from 'zustand';
import { FINDER_IMAGES, finderStepsFor } from '#analysis/finderBands.ts';
import { isSameArm } from '#analysis/question.ts';
import type { Question, StudyPlan } from '#analysis/question.ts';
import { heldStudy, questionSize, withNotebookReasons } from '#analysis/questions.ts';
import { areEqualArms, raceProblem } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import { defaultFinderSettings } from '#domain/run.ts';
import { shortened } from '#ui/fitBudget.ts';
import type { RunOptions } from '#domain/runOptions.ts';
import type { QuestionRef, Study, StudyMode } from '#domain/study.ts';

/** A study that is being built. */
export interface BuilderPlan extends StudyPlan {
  /** Images that each finder may use; undefined for as many steps as the ramp has. */
  readonly finderImages?: number | undefined;
  /** The study of a question that it was made from, also when it answers that no more. */
  readonly source?: { readonly question: QuestionRef; readonly index: number } | undefined;
}

interface StudyState {
  /** What is started together; more than one only where a question needs that. */
  readonly plans: readonly BuilderPlan[];
  /** The plan that is being edited. */
  readonly active: number;
  /** Text of the seeds while it is being typed or is not allowed. */
  readonly seedsDraft: string | undefined;
}

interface StudyActions {
  edit: (active: number) => void;
  setMode: (mode: StudyMode) => void;
  /** Other studies of its question are left out: what they ask for belongs to that question. */
  setKind: (kind: StudyPlan['kind']) => void;
  setOptions: (options: RunOptions) => void;
  setFinderImages: (images: number | undefined) => void;
  /** Adds arms that are not there yet, with the reason for their rate. @returns how many were new. */
  addArms: (arms: readonly Experiment[], rateReason?: string) => number;
  /** The same arm once more, behind it: in a race the difference of the two is what the device adds. */
  addTwin: (index: number) => void;
  removeArm: (index: number) => void;
  /** Gives an arm a learning rate of its own, with the reason for it; adds the arm where it is not there. */
  setRate: (arm: Experiment, learningRate: number, reason: string) => void;
  /** A new study that trains these arms, as a race where they can. */
  train: (arms: readonly ReasonedArm[], seeds: readonly number[]) => void;
  /** Gives every arm of the study the same learning rate. */
  setEveryRate: (learningRate: number, reason: string) => void;
  typeSeeds: (text: string) => void;
  /** Lets no training run take more images or epochs. */
  shorten: (most: { readonly images: number; readonly epochs: number }) => void;
  loadQuestion: (question: Question, size: QuestionRef['size']) => void;
  /** Gives the plan the arms and the ramp that its question needs, and its siblings; what was added stays. */
  restoreQuestion: () => void;
  /** Takes plans from elsewhere, such as a link. */
  load: (plans: readonly BuilderPlan[], active?: number) => void;
  clear: () => void;
}

const emptyPlan: StudyPlan = {
  title: 'Study',
  kind: 'train',
  mode: 'queue',
  arms: [],
  seeds: [0],
  finder: undefined,
  question: undefined,
};

const start: StudyState = {
  plans: [emptyPlan],
  active: 0,
  seedsDraft: undefined,
};

/**
 * Seeds as people type them: '0 1 2', '0, 5', or '3 seeds' for the first three. Undefined when it is neither, or
 * when one is no whole number below 2³².
 */
export function parseSeeds(text: string): number[] | undefined {
  const count = /^\s*(\d{1,3})\s*seeds?\s*$/i.exec(text)?.[1];
  if (count !== undefined) {
    const seeds = Array.from({ length: Number(count) }, (_, seed) => seed);
    return seeds.length > 0 ? seeds : undefined;
  }
  const seeds = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
  const areAllowed = seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff);
  return areAllowed && seeds.length > 0 ? [...new Set(seeds)] : undefined;
}

export const useStudy = create<StudyState & StudyActions>()((set, get) => {
  const change = (edit: Partial<BuilderPlan>): void =>
    set(({ plans, active }) => ({
      plans: plans.map((plan, i) => (i === active ? named({ ...plan, ...edit }) : plan)),
    }));
  const plan = (): BuilderPlan => get().plans[get().active] ?? emptyPlan;
  const setArms = (arms: readonly ReasonedArm[], edit: Partial<BuilderPlan> = {}): void =>
    change({ ...edit, arms: arms.map(({ arm }) => arm), rateReasons: arms.map(({ reason }) => reason) });
  return {
    ...start,
    edit: (active) => set({ active, seedsDraft: undefined }),
    setMode: (mode) => change({ mode }),
    setKind: (kind) => {
      if (kind === plan().kind) return;
      change(
        kind === 'finder'
          ? {
              kind,
              mode: 'queue',
              finder: defaultFinderSettings,
              // As many images for every batch size, so that they can be compared.
              finderImages: FINDER_IMAGES,
              seeds: usualSeeds(plan()),
            }
          : { kind, finder: undefined, finderImages: undefined },
      );
      set({ plans: [plan()], active: 0 });
    },
    setOptions: (options) => change({ options }),
    setFinderImages: (finderImages) => change({ finder: defaultFinderSettings, finderImages }),
    addArms: (arms, reason = '') => {
      const known = [...reasonedArms(plan())];
      for (const arm of arms) {
        if (!known.some((other) => areEqualArms(arm, other.arm))) known.push({ arm, reason });
      }
      const added = known.length - plan().arms.length;
      if (added > 0) setArms(known);
      return added;
    },
    addTwin: (index) => setArms(reasonedArms(plan()).flatMap((arm, i) => (i === index ? [arm, arm] : [arm]))),
    removeArm: (index) => setArms(reasonedArms(plan()).filter((_, i) => i !== index)),
    setRate: (arm, maxLearningRate, reason) => {
      const adjusted: ReasonedArm = { arm: { ...arm, maxLearningRate }, reason };
      const arms = reasonedArms(plan());
      // An arm that is there with several rates is a comparison of rates: none of them is replaced.
      const alike = arms.filter((other) => areEqualArms({ ...other.arm, maxLearningRate }, adjusted.arm));
      const there = arms.find((other) => areEqualArms(other.arm, adjusted.arm));
      const replaced = there ?? (alike.length === 1 ? alike[0] : undefined);
      setArms(replaced ? arms.map((other) => (other === replaced ? adjusted : other)) : [...arms, adjusted]);
    },
    train: (reasoned, seeds) => {
      const arms = reasoned.map(({ arm }) => arm);
      const mode = raceProblem(arms) ? 'queue' : 'race';
      const rateReasons = reasoned.map(({ reason }) => reason);
      get().load([{ ...emptyPlan, title: 'Training at the finders’ rates', mode, arms, seeds, rateReasons }]);
    },
    setEveryRate: (maxLearningRate, reason) => {
      const { arms } = plan();
      const changed = arms.map((arm) => ({ arm: { ...arm, maxLearningRate }, reason }));
      // Those that differed in the rate alone are one now; twins stay two.
      const isNew = ({ arm }: ReasonedArm, i: number): boolean =>
        !arms
          .slice(0, i)
          .some((other, j) => areEqualArms(arm, changed[j]!.arm) && !areEqualArms(arms[i]!, other));
      setArms(changed.filter(isNew));
    },
    typeSeeds: (seedsDraft) => {
      set({ seedsDraft });
      const seeds = parseSeeds(seedsDraft);
      if (seeds) change({ seeds });
    },
    shorten: (most) => set(({ plans }) => ({ plans: plans.map((one) => named(shortened(one, most))) })),
    loadQuestion: (question, size) => get().load(question.sizes[size].studies),
    restoreQuestion: () => {
      const { source } = plan();
      const studies = source && questionSize(source.question)?.studies;
      const study = studies?.[source!.index];
      if (!studies || !study) return;
      const { kind, finder } = study;
      const own = reasonedArms(withNotebookReasons(study));
      const further = reasonedArms(plan()).filter(
        ({ arm }) => !study.arms.some((other) => isSameArm(study, arm, other)),
      );
      setArms([...own, ...further], { kind, finder, finderImages: undefined });
      if (get().plans.length === studies.length) return;
      const plans = studies.map((one) => (one === study ? plan() : withSource(withNotebookReasons(one))));
      set({ plans, active: source.index });
    },
    load: (plans, active = 0) => {
      const loaded = plans.map((one) => withSource(withNotebookReasons(one)));
      set({ ...start, plans: loaded.length > 0 ? loaded : [emptyPlan], active });
    },
    clear: () => set(start),
  };
});

/** A plan from elsewhere answers the question that it names when it has that question's runs, whatever it says. */
function withSource(plan: BuilderPlan): BuilderPlan {
  const { question } = plan;
  const index = question && heldStudy(plan, question);
  return named({ ...plan, source: question && index !== undefined ? { question, index } : undefined });
}

const CHANGED = ', changed';

/** An edited plan answers the question it came from for as long as it has the runs that decide it. */
function named(plan: BuilderPlan): BuilderPlan {
  const { source, finderImages } = plan;
  const isHeld = source && finderImages === undefined && heldStudy(plan, source.question) !== undefined;
  const title = plan.title.endsWith(CHANGED) ? plan.title.slice(0, -CHANGED.length) : plan.title;
  return isHeld || !source
    ? { ...plan, question: source?.question, title: source ? title : plan.title }
    : { ...plan, question: undefined, title: `${title}${CHANGED}` };
}

/** An arm with the reason for its learning rate. */
export interface ReasonedArm {
  readonly arm: Experiment;
  readonly reason: string;
}

function reasonedArms({ arms, rateReasons }: StudyPlan): readonly ReasonedArm[] {
  return arms.map((arm, i) => ({ arm, reason: rateReasons?.[i] ?? '' }));
}

/** Repeats show what a suggestion is worth. */
function usualSeeds({ seeds }: StudyPlan): readonly number[] {
  return seeds.length === 1 ? [0, 1, 2] : seeds;
}

/** The actions of the store, for event handlers; they never change. */
export const studyActions: StudyActions = useStudy.getState();

/** A plan as it will be started: finders of several batch sizes are split where each has its own length. */
export function plansToStart({ finderImages, source: _, ...plan }: BuilderPlan): readonly StudyPlan[] {
  if (plan.kind !== 'finder' || finderImages === undefined) return [plan];
  const settings = plan.finder ?? defaultFinderSettings;
  return [...new Set(plan.arms.map((arm) => arm.batchSize))].map((batchSize) => ({
    ...plan,
    title: `${plan.title}, batch ${batchSize}`,
    arms: plan.arms.filter((arm) => arm.batchSize === batchSize),
    // Finders do not use the rates of their arms.
    rateReasons: [],
    finder: { ...settings, steps: finderStepsFor(finderImages, batchSize) },
  }));
}

/** A plan with an id of its own. */
export function studyFrom(plan: StudyPlan): Study {
  return { ...plan, id: `study-${crypto.randomUUID()}` };
}
