/** How a person looks at the picture: choices of the page alone. */
import { type Signal, signal } from "@preact/signals";
import { type Contrast, type Other, other } from "./beside";
import type { Hand } from "./hand";

/** A place of the picture, as shares of its height and width. */
export interface Place {
  y: number;
  x: number;
}

export interface Look {
  /** What lies below this share of the scale's reach is not laid over the picture. */
  threshold: Signal<number>;
  /** Where the pointer is, and the place that is kept. */
  hover: Signal<Place | null>;
  kept: Signal<Place | null>;
  /** The class that is subtracted from the one that is shown. */
  minus: Signal<number | null>;
  /** The window that is held over the picture, if one is. */
  hand: Signal<Hand | null>;
  /** What is exchanged on the other side, if anything is compared, and for what. */
  contrast: Signal<Contrast | null>;
  other: Other;
}

export const look = (contrast: Contrast | null): Look => ({
  threshold: signal(0),
  hover: signal(null),
  kept: signal(null),
  minus: signal(null),
  hand: signal(null),
  contrast: signal(contrast),
  other: other(),
});

/** The row and column of a grid that holds a place. */
export const cellAt = ({ y, x }: Place, [rows, columns]: readonly [number, number]): [number, number] => [
  Math.min(rows - 1, Math.floor(y * rows)),
  Math.min(columns - 1, Math.floor(x * columns)),
];

/** The middle of a cell of a grid, which may be given beyond its border. */
export function middleOf([row, column]: [number, number], [rows, columns]: readonly [number, number]): Place {
  const inside = (at: number, count: number) => (Math.min(count - 1, Math.max(0, at)) + 0.5) / count;
  return { y: inside(row, rows), x: inside(column, columns) };
}
