/** The range of numbers that a map's colours are spread over: its own, its layer's, or the whole network's. */
import { asksAnother } from "./beside";
import { type Domain, domainOf } from "./draw/colour";
import type { Scale } from "./grid-choices";
import type { Result } from "./payload";
import type { Store } from "./store";

export interface MapScale {
  signed: boolean;
  /** What all maps share, in words, and over which numbers; null where each has its own. */
  shared: { name: string; domain: Domain } | null;
  of: (channel: number) => Domain;
  /** Said of the quantity where two networks are on it: `, both networks`. */
  both: string;
  key: string;
}

/** Least and largest number of all layers on the chosen picture, once they are known. */
function networkEnds({ slots, traits }: Store): [number, number] | null {
  const survey = slots.survey.shown.value;
  const key = traits._images.value[traits.image_index.value]?.key;
  if (!survey || (survey.want.about.keys as string[])[0] !== key) return null;
  const { least, largest } = survey.bytes;
  return [least.reduce((a, b) => Math.min(a, b), 0), largest.reduce((a, b) => Math.max(a, b), 0)];
}

/** A single number fills its own range whatever it is: the layer's says something of it. */
export const scaleFor = (chosen: Scale, { height, width }: { height: number; width: number }): Scale =>
  chosen === "unit" && height * width === 1 ? "layer" : chosen;

/** The same layer's maps of the other network, where two are compared. */
function counterpart(store: Store, { meta }: Result<"maps">): Result<"maps"> | null {
  const there = asksAnother(store) ? store.beside().slots.maps.shown.value : null;
  return there?.meta.layer === meta.layer ? there.result : null;
}

/**
 * The scale of a layer's maps; until the network's is known, the layer's, which then says so. Two networks have one
 * scale: of each unit in both, or of the layer in both.
 */
export function scaleOf(store: Store, result: Result<"maps">): MapScale {
  const { meta, bytes } = result;
  const chosen = scaleFor(store.local.grid.scale.value, meta);
  const there = counterpart(store, result);
  const both = there ? ", both networks" : "";
  const ends = chosen === "network" && !asksAnother(store) ? networkEnds(store) : null;
  const [least, most] = [
    Math.min(meta.lo, there?.meta.lo ?? meta.lo),
    Math.max(meta.hi, there?.meta.hi ?? meta.hi),
  ];
  if (chosen !== "unit") {
    const [lo, hi] = ends ?? [least, most];
    const domain = domainOf(lo, hi);
    const name = ends ? "network" : `layer${both}`;
    return { signed: lo < 0, shared: { name, domain }, of: () => domain, both, key: `${name}:${lo}:${hi}` };
  }
  const signed = least < 0;
  const of = (channel: number) => {
    const [lo, hi] = [bytes.lo[channel]!, bytes.hi[channel]!];
    const other = { lo: there?.bytes.lo[channel] ?? lo, hi: there?.bytes.hi[channel] ?? hi };
    return domainOf(Math.min(lo, other.lo), Math.max(hi, other.hi), signed);
  };
  return { signed, shared: null, of, both, key: `unit:${there?.key ?? ""}` };
}
