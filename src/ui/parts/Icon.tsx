import type { ReactNode } from 'react';

/** Outlines on a grid of 16, drawn for this app. */
const paths = {
  play: 'M4.5 2.8v10.4l8.5-5.2z',
  pause: 'M4.5 3h2.4v10H4.5zM9.1 3h2.4v10H9.1z',
  step: 'M3.2 2.8v10.4l7-5.2zM11.4 3h2v10h-2z',
  stop: 'M3.5 3.5h9v9h-9z',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9M10.3 10.3L13.8 13.8',
  warning: 'M8 2.2L14.6 13.6H1.4zM8 6.5v3.2M8 11.5v.3',
  info: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 1 1 8 1.8M8 7.2v4M8 4.8v.3',
  check: 'M3 8.5l3.2 3.2L13 4.8',
  upload: 'M8 10.5V2.8M4.8 5.8L8 2.6l3.2 3.2M2.8 10.5v2.7h10.4v-2.7',
  download: 'M8 2.6v7.6M4.8 7.2L8 10.4l3.2-3.2M2.8 10.5v2.7h10.4v-2.7',
  folder: 'M1.8 12.8V3.4h4.4l1.6 1.8h6.4v7.6z',
  previous: 'M10 3L5 8l5 5',
  next: 'M6 3l5 5l-5 5',
  sliders:
    'M2 5h6M11.5 5H14M2 11h2.5M8 11h6M9.7 3.2a1.8 1.8 0 1 1 0 3.6a1.8 1.8 0 1 1 0-3.6M6.2 9.2a1.8 1.8 0 1 1 0 3.6a1.8 1.8 0 1 1 0-3.6',
  list: 'M5.5 4H14M5.5 8H14M5.5 12H14M2 4h1M2 8h1M2 12h1',
  reset: 'M3.2 8a4.8 4.8 0 1 0 1.6-3.6M3 2.6v2.6h2.6',
} as const;

export type IconName = keyof typeof paths;

const solid: ReadonlySet<IconName> = new Set<IconName>(['play', 'pause', 'step', 'stop']);

/** A decoration: what it means must be said in words beside it. */
export function Icon({ name }: { name: IconName }): ReactNode {
  return (
    <svg className={solid.has(name) ? 'icon is-solid' : 'icon'} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
