/** How many units of each layer fire on the chosen picture, and how many on none that is here. */
import { picturesOf } from "./quantities";
import type { Shown } from "./slot";
import type { Store } from "./store";

/** Units of each layer whose largest value is above zero: what a rectifier after it would let through. */
export function aboveZero({ meta, bytes }: Shown<"extremes">): Map<string, number> {
  const found = new Map<string, number>();
  let start = 0;
  for (const { name, channels } of meta.layers) {
    let above = 0;
    for (let k = start; k < start + channels; k++) if (bytes.largest[k]! > 0) above++;
    found.set(name, above);
    start += channels;
  }
  return found;
}

export interface Shares {
  /** Units above zero somewhere on the chosen picture, by layer; null while that is not known. */
  live: Map<string, number> | null;
  /** The same over several pictures, and over which: those that are here, or a data set's. */
  everLive: Map<string, number> | null;
  over: string;
}

export function sharesOf({ slots, traits }: Store): Shares {
  const survey = slots.survey.shown.value;
  const census = slots.census.shown.value;
  // Over one picture nothing is said beyond what is said of it anyway.
  const several = census && (census.meta.pictures > 1 || census.meta.atlas !== null) ? census : null;
  const key = traits._images.value[traits.image_index.value]?.key;
  const current = survey && (survey.want.about.keys as string[])[0] === key;
  return {
    live: current ? aboveZero(survey) : null,
    everLive: several ? aboveZero(several) : null,
    over: several ? picturesOf(several.meta) : "",
  };
}
