/** How far a search got at each step, with the line that natural pictures reach and a mark at the picture shown. */
import { type Curve, curveOf, nearest, passed } from "../draw/curve";
import { short } from "../format";
import type { Film, Natural } from "../protocol";

const WIDTH = 220;
const HEIGHT = 84;
const LEFT = 42;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 16;

interface Props {
  film: Film;
  natural: Natural | null;
  /** Where the time axis ends. */
  steps: number;
  /** Which picture of the film is shown. */
  index: number;
  /** What the readings are: `activation`. */
  quantity: string;
  /** Choose a picture of the film; without it the line is only looked at. */
  onChoose?: ((index: number) => void) | undefined;
}

function described(curve: Curve, natural: Natural | null, quantity: string): string {
  const { points, relative } = curve;
  const [first, last] = [points[0]!, points[points.length - 1]!];
  const times = relative ? ` times the natural maximum ${natural?.source}` : "";
  const course = `${quantity} from ${short(first.value)} at step ${first.step} to ${short(last.value)}${times} at step ${last.step}`;
  const crossing = passed(curve);
  return crossing === null ? course : `${course}, first beyond it at step ${crossing}`;
}

export function FilmCurve({ film, natural, steps, index, quantity, onChoose }: Props) {
  if (film.length === 0) return null;
  const curve = curveOf(film, natural, steps, WIDTH, HEIGHT);
  const mark = curve.points[Math.min(index, film.length - 1)]!;
  const suffix = curve.relative ? "×" : "";
  const choose = (event: PointerEvent) => {
    if (!onChoose || event.buttons !== 1) return;
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * (LEFT + WIDTH + RIGHT) - LEFT;
    onChoose(nearest(curve.points, x));
  };
  return (
    <figure class="curve">
      <svg
        viewBox={`${-LEFT} ${-TOP} ${LEFT + WIDTH + RIGHT} ${TOP + HEIGHT + BOTTOM}`}
        role="img"
        aria-label={described(curve, natural, quantity)}
        onPointerDown={choose}
        onPointerMove={choose}
      >
        <path class="axis" d={`M0 0V${HEIGHT}H${WIDTH}`} />
        {curve.relative && <path class="nature" d={`M0 ${curve.yOf(1).toFixed(1)}H${WIDTH}`} />}
        {ticks(curve).map((value) => (
          <text key={value} x={-4} y={curve.yOf(value) + 3} text-anchor="end">
            {short(value)}
            {suffix}
          </text>
        ))}
        <text x={0} y={HEIGHT + 12}>
          step 0
        </text>
        <text x={WIDTH} y={HEIGHT + 12} text-anchor="end">
          {steps}
        </text>
        <path class="course" d={curve.path} />
        <path class="now" d={`M${mark.x.toFixed(1)} 0V${HEIGHT}`} />
        <circle cx={mark.x} cy={mark.y} r={3.5} />
      </svg>
      <figcaption class="note">{measure(curve, natural, quantity)}</figcaption>
    </figure>
  );
}

/** Numbers on the axis: its ends, and 1 where it does not touch them. */
function ticks({ lo, hi, relative }: Curve): number[] {
  const apart = (value: number) =>
    Math.abs(value - hi) > 0.14 * (hi - lo) && Math.abs(value - lo) > 0.14 * (hi - lo);
  return [lo, ...(relative && apart(1) ? [1] : []), hi];
}

/** What the numbers on the axis are. */
function measure({ relative }: Curve, natural: Natural | null, quantity: string): string {
  if (!natural) return `${quantity}; what natural pictures reach is not known`;
  const largest = short(natural.largest);
  return relative
    ? `${quantity} ÷ ${largest}, the natural maximum ${natural.source}`
    : `${quantity}; natural pictures do not excite it (at most ${largest} ${natural.source})`;
}
