import { useMemo } from "preact/hooks";
import { type Domain, lutOf } from "../draw/colour";
import { ramp } from "../draw/picture";
import { short } from "../format";
import { Canvas } from "./canvas";

interface Props {
  domain: Domain;
  signed: boolean;
  colormap: string;
  /** What the numbers are. */
  quantity: string;
}

/** A colour map with the numbers at its ends, and at zero where that lies in the middle. */
export function Legend({ domain, signed, colormap, quantity }: Props) {
  const bitmap = useMemo(() => ramp(lutOf(colormap, signed)), [colormap, signed]);
  return (
    <div class="legend">
      <span class="quantity">{quantity}</span>
      <span class="number">{short(domain.lo)}</span>
      <span class="ramp">
        <Canvas
          bitmap={bitmap}
          label={`${quantity}: colours from ${short(domain.lo)} to ${short(domain.hi)}`}
        />
        {signed && <span class="zero">0</span>}
      </span>
      <span class="number">{short(domain.hi)}</span>
    </div>
  );
}
