/** What is asked about the channels of a layer beside their maps. */
import type { Want } from "./slot";
import type { Store } from "./store";
import { at } from "./wants";

/** Pictures whose extremes are read unasked, and those whose maps are factorised, at most. */
const MOST_READ = 64;
const MOST_GROUPED = 16;

const keysOf = ({ traits }: Store, images: readonly number[]) =>
  images.map((image) => traits._images.value[image]?.key ?? "");

function extremes(store: Store, images: number[], title: string): Want<"extremes"> {
  return { op: "extremes", args: { images }, about: { keys: keysOf(store, images) }, title };
}

/** How far each layer goes on the chosen picture: for the map, and to share a scale among layers. */
export function survey(store: Store): Want<"extremes"> | null {
  const { traits, local } = store;
  const image = traits.image_index.value;
  const needed = traits._view.value === "explorer" || local.grid.scale.value === "network";
  return needed && traits._images.value[image] ? extremes(store, [image], "") : null;
}

/** The same over the atlas's pictures, else over those that are here: who was silent on all of them. */
export function census(store: Store): Want<"extremes"> | null {
  const { traits, local } = store;
  const { length } = traits._images.value;
  const needed = traits._view.value === "explorer" || ["dataset", "silent"].includes(local.grid.sort.value);
  if (!needed || length === 0) return null;
  const atlas = traits._atlas.value;
  if (atlas) return { op: "extremes", args: { images: null }, about: { atlas: atlas.name }, title: "" };
  const images = Array.from({ length: Math.min(length, MOST_READ) }, (_, i) => i);
  return extremes(store, images, "");
}

export function contributions(store: Store): Want<"contributions"> | null {
  const { traits, local } = store;
  const image = traits.image_index.value;
  const layer = traits.layer.value;
  const key = traits._images.value[image]?.key;
  if (local.grid.sort.value !== "contribution" || key === undefined || !layer) return null;
  const target = traits.target.value;
  const args = { image, layer, target };
  return { op: "contributions", args, about: { key, layer, target }, title: `contributions of ${layer}` };
}

/** The chosen picture and the first of the others, in the order of the list: equal sets are equal questions. */
export function groupedImages({ traits }: Store): number[] {
  const chosen = traits.image_index.value;
  const all = traits._images.value.map((_, i) => i);
  const kept = all.slice(0, MOST_GROUPED);
  if (chosen >= MOST_GROUPED && chosen < all.length) kept[MOST_GROUPED - 1] = chosen;
  return kept;
}

export function groups(store: Store): Want<"groups"> | null {
  const { traits, local } = store;
  const count = local.grid.groups.value;
  const layer = traits.layer.value;
  const images = groupedImages(store);
  if (count === null || !layer || images.length === 0) return null;
  const args = { images, layer, count, seed: local.synthesis.value.seed };
  const about = { keys: keysOf(store, images), layer, count, seed: args.seed };
  return { op: "groups", args, about, title: `${count} groups of ${layer}` };
}

/** Channels whose strongest patches travel together. */
const BATCH = 64;

/** The strongest patches of the chosen layer, batch by batch, where the grid shows those and the atlas has them. */
export function strongest({ traits, local, layer: chosen }: Store): Want<"strongest">[] {
  const layer = traits.layer.value;
  const atlas = traits._atlas.value;
  if (local.grid.show.value !== "patches" || !atlas?.layers.includes(layer)) return [];
  const { channels = 0 } = chosen.value ?? {};
  return Array.from({ length: Math.ceil(channels / BATCH) }, (_, i) => {
    const args = { layer, first: i * BATCH, count: Math.min(BATCH, channels - i * BATCH) };
    return {
      op: "strongest",
      args,
      about: { atlas: atlas.name, ...args },
      title: `strongest patches of ${layer}`,
    };
  });
}

/** The weights of the chosen layer, where the grid shows those. */
export function weights(store: Store): Want<"filters"> | null {
  const { traits, local } = store;
  const layer = traits.layer.value;
  if (local.grid.show.value !== "weights" || !layer) return null;
  return at(store, { op: "filters", args: { layer }, about: { layer }, title: `weights of ${layer}` });
}
