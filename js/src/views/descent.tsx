/** How far the error of the best picture so far fell, step by step, on a logarithmic scale. */
import { short } from "../format";

const WIDTH = 220;
const HEIGHT = 60;

export function Descent({ trace }: { trace: readonly number[] }) {
  const [first, last] = [trace[0], trace[trace.length - 1]];
  if (first === undefined || last === undefined || trace.length < 2 || last <= 0) return null;
  const [top, bottom] = [Math.log(first), Math.log(last)];
  const y = (value: number) => (top > bottom ? ((top - Math.log(value)) / (top - bottom)) * HEIGHT : HEIGHT);
  const x = (i: number) => (i / (trace.length - 1)) * WIDTH;
  const path = trace.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const said = `Relative error of the best picture so far: from ${short(first)} at step 1 to ${short(last)} at step ${trace.length}`;
  return (
    <figure class="curve">
      <svg viewBox={`-44 -8 ${WIDTH + 56} ${HEIGHT + 26}`} role="img" aria-label={said}>
        <path class="axis" d={`M0 0V${HEIGHT}H${WIDTH}`} />
        <text x={-4} y={4} text-anchor="end">
          {short(first)}
        </text>
        <text x={-4} y={HEIGHT + 2} text-anchor="end">
          {short(last)}
        </text>
        <text x={0} y={HEIGHT + 13}>
          step 1
        </text>
        <text x={WIDTH} y={HEIGHT + 13} text-anchor="end">
          {trace.length}
        </text>
        <path class="course" d={path} />
      </svg>
      <figcaption class="note">relative error of the best picture so far, logarithmic</figcaption>
    </figure>
  );
}
