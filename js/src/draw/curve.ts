/** The course of a search as a line: readings over steps, in units of what nature reached where that is known. */
import type { Film, Natural } from "../protocol";

export interface Point {
  step: number;
  value: number;
  /** Place in the drawing. */
  x: number;
  y: number;
}

export interface Curve {
  points: Point[];
  /** Through all points, as an SVG path. */
  path: string;
  /** What the values are multiples of: the natural maximum, or 1 where none is known or it is not above zero. */
  unit: number;
  /** Whether the values are multiples of the natural maximum. */
  relative: boolean;
  lo: number;
  hi: number;
  /** Height at which a value lies. */
  yOf: (value: number) => number;
}

/** Below this share of the whole range nothing can be told apart. */
const FLAT = 1e-9;

/** Lay a film's readings out in a box of `width × height`; `steps` is where the time axis ends. */
export function curveOf(
  film: Film,
  natural: Natural | null,
  steps: number,
  width: number,
  height: number,
): Curve {
  const relative = natural !== null && natural.largest > 0;
  const unit = relative ? natural.largest : 1;
  const values = film.map(({ reading }) => reading / unit);
  const lo = Math.min(0, ...values);
  const top = Math.max(relative ? 1 : 0, ...values);
  const hi = top - lo > FLAT ? top : lo + 1;
  const yOf = (value: number) => height * (1 - (value - lo) / (hi - lo));
  const points = film.map(({ step }, i) => ({
    step,
    value: values[i]!,
    x: (width * step) / Math.max(1, steps),
    y: yOf(values[i]!),
  }));
  const path = points.map(({ x, y }, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return { points, path, unit, relative, lo, hi, yOf };
}

/** The picture of the film nearest to a place on the time axis. */
export function nearest(points: readonly Point[], x: number): number {
  const distances = points.map((point) => Math.abs(point.x - x));
  return distances.indexOf(Math.min(...distances));
}

/** First step whose picture passes the natural maximum, null where none does. */
export const passed = ({ points, relative }: Curve): number | null =>
  (relative && points.find(({ value }) => value > 1)?.step) || null;
