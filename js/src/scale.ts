/** The range of numbers that a map's colours are spread over: its own, its layer's, or the whole network's. */
import { type Domain, domainOf } from "./draw/colour";
import type { Scale } from "./grid-choices";
import type { Result } from "./payload";
import type { Store } from "./store";

export interface MapScale {
  signed: boolean;
  /** What all maps share, in words, and over which numbers; null where each has its own. */
  shared: { name: string; domain: Domain } | null;
  of: (channel: number) => Domain;
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

/** The scale of a layer's maps; until the network's is known, the layer's, which then says so. */
export function scaleOf(store: Store, { meta, bytes }: Result<"maps">): MapScale {
  const chosen: Scale = store.local.grid.scale.value;
  const ends = chosen === "network" ? networkEnds(store) : null;
  if (chosen !== "unit") {
    const [lo, hi] = ends ?? [meta.lo, meta.hi];
    const domain = domainOf(lo, hi);
    const name = ends ? "network" : "layer";
    return { signed: lo < 0, shared: { name, domain }, of: () => domain, key: `${name}:${lo}:${hi}` };
  }
  const signed = meta.lo < 0;
  const of = (channel: number) => domainOf(bytes.lo[channel]!, bytes.hi[channel]!, signed);
  return { signed, shared: null, of, key: "unit" };
}
