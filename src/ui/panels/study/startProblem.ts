import type { StudyPlan } from '#analysis/question.ts';
import { raceProblem } from '#domain/arms.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import { experimentProblem } from '#ui/plan.ts';
import { parseSeeds } from '#ui/state/studyStore.ts';

/** Why what the builder shows cannot start, in a sentence; undefined when it can. */
export function startProblem(
  plans: readonly StudyPlan[],
  seedsDraft: string | undefined,
  info: DatasetInfo,
): string | undefined {
  // What would start are the last seeds that were allowed, not those that are there to be read.
  if (seedsDraft !== undefined && !parseSeeds(seedsDraft)) return 'Correct the seeds first.';
  return plans.map((plan) => planProblem(plan, info)).find((text) => text !== undefined);
}

function planProblem(plan: StudyPlan, info: DatasetInfo): string | undefined {
  if (plan.arms.length === 0) return 'Add an arm first.';
  const race = plan.kind === 'train' && plan.mode === 'race' ? raceProblem(plan.arms) : undefined;
  return race ?? plan.arms.map((arm) => experimentProblem(arm, info)).find((text) => text !== undefined);
}
