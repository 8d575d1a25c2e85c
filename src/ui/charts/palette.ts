import { armName } from '#domain/experiment.ts';
import type { ArmSettings, Norm } from '#domain/experiment.ts';
import type { RunRecord } from '#client/runRecord.ts';

export type MarkerShape = 'circle' | 'square' | 'diamond';

/**
 * How a run is drawn everywhere: hue, lightness and mark are the normalization, dashes are Weight Standardization,
 * short ones if scaled. So the norms can be told apart without colour.
 */
export interface RunStyle {
  /** A CSS colour; follows the theme. */
  readonly colour: string;
  /** `stroke-dasharray`; undefined is a solid line. */
  readonly dash: string | undefined;
  readonly marker: MarkerShape;
}

/** No triangle: arrows where a line leaves the plot have that shape. */
const MARKERS: Readonly<Record<Norm, MarkerShape>> = { none: 'circle', bn: 'square', gn: 'diamond' };
/** Tones of each hue in `tokens.css`. */
const TONES = 4;
/**
 * Where the tones are used up, lines get dots in between: without Weight Standardization they stay long, with it
 * they stay dashed, short for Scaled WS.
 */
const DASHES = {
  plain: [undefined, '16 3 2 3', '16 3 2 3 2 3', '16 3 2 3 2 3 2 3'],
  ws: ['6 3', '6 3 2 3', '6 3 2 3 2 3', '6 3 2 3 2 3 2 3'],
  scaled: ['3 3', '3 3 1 3', '3 3 1 3 1 3', '3 3 1 3 1 3 1 3'],
} as const;
/** So many runs of an arm look different. */
export const STYLES_OF_ARM = TONES * DASHES.plain.length;

/** One object for each style, so that a list of runs is drawn anew only where it changed. */
const styles = new Map<string, RunStyle>();

/**
 * The style of the `repeat`-th run of an arm: repeats keep hue and mark and get another tone; every four get another
 * dot in their lines. So no lines of the first sixteen look alike.
 */
export function armStyle({ norm, ws, wsGain }: ArmSettings, repeat = 0): RunStyle {
  const tone = repeat % TONES;
  const round = Math.floor(repeat / TONES) % DASHES.plain.length;
  const filters = !ws ? 'plain' : wsGain === 'scaled' ? 'scaled' : 'ws';
  const key = `${norm} ${filters} ${tone} ${round}`;
  const known = styles.get(key);
  if (known) return known;
  const style: RunStyle = {
    colour: `var(--series-${norm}-${tone})`,
    dash: DASHES[filters][round],
    marker: MARKERS[norm],
  };
  styles.set(key, style);
  return style;
}

/** How hollow marks of an arm look: with short dashes around that of Weight Standardization. */
export function ghostStyle(arm: ArmSettings): RunStyle {
  const { colour, marker } = armStyle(arm);
  return { colour, marker, dash: arm.ws ? '2 1.5' : undefined };
}

/** A style for each of several arms: those of one network look like repeats of it. */
export function armStyles(arms: readonly ArmSettings[]): readonly RunStyle[] {
  const seen = new Map<string, number>();
  return arms.map((arm) => {
    const key = armName(arm);
    const repeat = seen.get(key) ?? 0;
    seen.set(key, repeat + 1);
    return armStyle(arm, repeat);
  });
}

/** The style of each run, by id. */
export function runStyles(runs: readonly RunRecord[]): ReadonlyMap<string, RunStyle> {
  const seen = new Map<string, number>();
  return new Map(
    runs.map((run) => {
      const arm = `${run.kind} ${armName(run.experiment)}`;
      const repeat = seen.get(arm) ?? 0;
      seen.set(arm, repeat + 1);
      return [run.id, armStyle(run.experiment, repeat)];
    }),
  );
}
