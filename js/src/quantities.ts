/** The numbers that the channels of a layer are ordered and chosen by. */

import { cosines } from "./draw/cosine";
import type { Sort } from "./grid-choices";
import type { Result } from "./payload";
import type { AnySlot } from "./slot";
import type { Store } from "./store";
import { className } from "./wants";

export interface Quantity {
  /** What the numbers are: `max on this picture`. */
  name: string;
  /** By channel; NaN where there is none. Null while they are not known. */
  values: Float32Array | null;
  /** Why they are not known, where that is no matter of time. */
  missing: string;
  /** What computes them, where that is not the page itself. */
  slot: AnySlot | null;
}

const offsets = new WeakMap<Result<"extremes">, Map<string, [from: number, to: number]>>();

/** The part of a survey that is about one layer; undefined for a layer that the pictures did not reach. */
export function ofLayer(result: Result<"extremes">, layer: string): [from: number, to: number] | undefined {
  let found = offsets.get(result);
  if (!found) {
    found = new Map();
    let start = 0;
    for (const { name, channels } of result.meta.layers) {
      found.set(name, [start, start + channels]);
      start += channels;
    }
    offsets.set(result, found);
  }
  return found.get(layer);
}

/** `the 3 pictures here`, or those of a data set. */
export const picturesOf = ({ pictures, atlas }: { pictures: number; atlas: string | null }): string =>
  atlas === null ? `the ${pictures} pictures here` : `the ${pictures} pictures of ${atlas}`;

function dataset({ slots }: Store, maps: Result<"maps">): Quantity {
  const shown = slots.census.shown.value;
  const part = shown && ofLayer(shown.result, maps.meta.layer);
  const over = shown && (shown.meta.pictures > 1 || shown.meta.atlas !== null);
  const name = over ? `max over ${picturesOf(shown.meta)}` : "max over the pictures here";
  const missing =
    shown && !part
      ? shown.meta.atlas === null
        ? `The pictures here do not reach ${maps.meta.layer}.`
        : `${maps.meta.layer} is not in the atlas.`
      : "";
  return { name, values: part ? shown.bytes.largest.subarray(...part) : null, missing, slot: slots.census };
}

function contribution(store: Store, { meta }: Result<"maps">): Quantity {
  const shown = store.slots.contributions.shown.value;
  const target = store.traits.target.value;
  const asked = shown?.want.args;
  const fits = asked?.layer === meta.layer && asked.target === target;
  const label = fits ? shown?.meta.label : target === null ? "the predicted class" : className(store, target);
  const values = fits ? (shown?.bytes.values ?? null) : null;
  return { name: `contribution to ${label}`, values, missing: "", slot: store.slots.contributions };
}

function similarity({ unit }: Store, { meta, bytes }: Result<"maps">): Quantity {
  const to = unit.value?.layer === meta.layer ? unit.value.channel : null;
  const name = to === null ? "similarity" : `cosine with unit ${to} on this picture`;
  const none = (missing: string): Quantity => ({ name, values: null, missing, slot: null });
  if (meta.full[0] * meta.full[1] === 1) return none("One number a unit: there are no maps to compare.");
  if (to === null || to >= meta.channels) return none("Choose a unit of this layer to compare with.");
  return { name, values: cosines(bytes, meta.height * meta.width, to), missing: "", slot: null };
}

function group({ slots, local }: Store, { meta }: Result<"maps">): Quantity {
  const shown = slots.groups.shown.value;
  const chosen = local.grid.group.value;
  const fits = shown?.meta.layer === meta.layer && chosen !== null && chosen < shown.meta.count;
  const { channels } = meta;
  const values = fits ? shown.bytes.weights.subarray(chosen * channels, (chosen + 1) * channels) : null;
  const missing = chosen === null ? "Choose a group." : "";
  return { name: `weight in group ${(chosen ?? 0) + 1}`, values, missing, slot: slots.groups };
}

const activation = (_store: Store, { bytes }: Result<"maps">): Quantity => ({
  name: "max on this picture",
  values: bytes.max,
  missing: "",
  slot: null,
});

const QUANTITIES: Record<Sort, (store: Store, maps: Result<"maps">) => Quantity> = {
  index: activation,
  activation,
  dataset,
  silent: dataset,
  contribution,
  similarity,
  group,
};

export const quantityOf = (store: Store, maps: Result<"maps">): Quantity =>
  QUANTITIES[store.local.grid.sort.value](store, maps);

/** Least and largest of the numbers there are. */
export function rangeOf(values: Float32Array): [number, number] {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  return hi < lo ? [0, 0] : [lo, hi];
}

/** The number below which channels are left out, for a share of the range; null leaves out none. */
export function thresholdOf(values: Float32Array | null, least: number): number | null {
  if (!values || least <= 0) return null;
  const [lo, hi] = rangeOf(values);
  return least >= 1 ? hi : lo + least * (hi - lo);
}

/** The channels that reach the threshold, in order: largest first, or as in the layer with the silent ones last. */
export function orderOf(
  channels: number,
  sort: Sort,
  values: Float32Array | null,
  threshold: number | null,
): Int32Array {
  let order = Int32Array.from({ length: channels }, (_, i) => i);
  if (values && threshold !== null) order = order.filter((k) => values[k]! >= threshold);
  if (!values || sort === "index") return order;
  const rank =
    sort === "silent"
      ? (k: number) => (values[k]! > 0 ? 1 : 0)
      : (k: number) => (Number.isNaN(values[k]) ? Number.NEGATIVE_INFINITY : values[k]!);
  const ranks = Float64Array.from({ length: channels }, (_, k) => rank(k));
  return order.sort((a, b) => ranks[b]! - ranks[a]! || a - b);
}
