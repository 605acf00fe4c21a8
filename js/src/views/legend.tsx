import { type Domain, gradientOf } from "../draw/colour";
import { short } from "../format";

interface Props {
  domain: Domain;
  signed: boolean;
  colormap: string;
  /** What the numbers are. */
  quantity: string;
}

/** A colour map with the numbers at its ends, and at zero where that lies in the middle. */
export function Legend({ domain, signed, colormap, quantity }: Props) {
  return (
    <div class="legend">
      <span class="quantity">{quantity}</span>
      <span class="number">{short(domain.lo)}</span>
      <span class="ramp" style={{ background: gradientOf(colormap, signed) }}>
        {signed && <span class="zero">0</span>}
      </span>
      <span class="number">{short(domain.hi)}</span>
    </div>
  );
}
