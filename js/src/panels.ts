/** The panels that each view consists of, and what keeps them asking. */
import { batch, effect } from "@preact/signals";
import { asksAnother } from "./beside";
import * as channels from "./channel-wants";
import * as dreaming from "./dreaming";
import { followHand } from "./hand";
import type { Op, SlotName } from "./protocol";
import type { Slot, Want } from "./slot";
import type { Store } from "./store";
import type { Traits } from "./traits";
import * as ofUnit from "./unit-wants";
import * as wants from "./wants";

/** What belongs to the grid, asked for where it is looked at. */
const GRID: readonly SlotName[] = ["filters", "strongest", "contributions", "groups", "survey", "census"];

/** What is compared with. */
const OTHER: readonly SlotName[] = [
  "picture_b",
  "maps_b",
  "overlay_b",
  "projection_b",
  "excites_b",
  "gallery_b",
  "filters_b",
];

/** What belongs to the unit, the projection first: a kernel at rest begins with what it hears first. */
const UNIT: readonly SlotName[] = [
  "projection",
  "excites",
  "interaction",
  "neighbours",
  "patches",
  "examples",
];

/** Panels that a view consists of, in the order in which they ask; the others ask for nothing. */
export const PANELS: Record<Traits["_view"], readonly SlotName[]> = {
  explorer: ["thumbnails", "picture", "maps", "overlay", ...UNIT, "gallery", "occlude", ...OTHER, ...GRID],
  layer_grid: ["thumbnails", "maps", "gallery", ...GRID],
  filter_grid: ["filters"],
  heatmap_overlay: ["thumbnails", "picture", "overlay", "occlude", "picture_b", "overlay_b"],
  unit_inspector: ["thumbnails", "picture", ...UNIT],
  dreamer: ["thumbnails", "picture", "original", "dream", "inversion"],
};

/** What takes so long that nobody gets it without asking. */
export const UNASKED: ReadonlySet<SlotName> = new Set([
  "excites",
  "excites_b",
  "gallery",
  "gallery_b",
  "interaction",
  "dream",
  "inversion",
]);

function followOverlay(side: Store): void {
  const { overlay } = side.slots;
  const want = side.local.mode.value === "class" ? wants.overlay(side) : undefined;
  if (want === undefined) overlay.waitNoMore();
  else if (want === "wait") overlay.wait();
  else overlay.ask(want);
}

/** Keep every panel of the view asking for what the state calls for. Returns what ends it. */
export function follow(store: Store): () => void {
  const beside = store.beside();
  const compares = () => store.local.look.contrast.value !== null;
  const wanted: Record<SlotName, () => void> = {
    picture: () => store.slots.picture.ask(wants.picture(store)),
    thumbnails: () => store.slots.thumbnails.ask(wants.thumbnails(store)),
    maps: () => store.slots.maps.ask(wants.maps(store)),
    overlay: () => followOverlay(store),
    neighbours: () => store.slots.neighbours.ask(ofUnit.neighbours(store)),
    patches: () => store.slots.patches.ask(ofUnit.patches(store)),
    examples: () => store.slots.examples.ask(ofUnit.examples(store)),
    interaction: () => unasked(store, store.slots.interaction, ofUnit.interaction(store)),
    projection: () => store.slots.projection.ask(wants.projection(store)),
    excites: () => unasked(store, store.slots.excites, wants.synthesis(store)),
    gallery: () => recalled(store, store.slots.gallery, wants.gallery(store)),
    strongest: () => store.patchwork.follow(),
    survey: () => store.slots.survey.ask(channels.survey(store)),
    census: () => store.slots.census.ask(channels.census(store)),
    contributions: () => store.slots.contributions.ask(channels.contributions(store)),
    groups: () => store.slots.groups.ask(channels.groups(store)),
    occlude: () => followHand(store),
    picture_b: () => beside.slots.picture.ask(compares() ? wants.picture(beside) : null),
    maps_b: () => beside.slots.maps.ask(compares() ? wants.maps(beside) : null),
    overlay_b: () => (compares() ? followOverlay(beside) : beside.slots.overlay.ask(null)),
    projection_b: () => {
      const looked = asksAnother(store) || (compares() && store.local.mode.value === "projection");
      beside.slots.projection.ask(looked ? wants.projection(beside) : null);
    },
    excites_b: () =>
      unasked(store, store.slots.excites_b, asksAnother(store) ? wants.synthesis(beside) : null),
    gallery_b: () =>
      recalled(store, store.slots.gallery_b, asksAnother(store) ? wants.gallery(beside) : null),
    filters_b: () => store.slots.filters_b.ask(asksAnother(store) ? channels.weights(beside) : null),
    original: () => store.slots.original.ask(dreaming.original(store)),
    dream: () => dreaming.follow(store.slots.dream, dreaming.dream(store)),
    inversion: () => dreaming.follow(store.slots.inversion, dreaming.inversion(store)),
    filters: () => {
      if (store.traits._view.peek() !== "filter_grid")
        return store.slots.filters.ask(channels.weights(store));
      store.slots.filters.ask(wants.filters(store));
      // The kernel may answer with the layer that it took for the one asked for.
      const shown = store.slots.filters.shown.value;
      const asked = store.traits.layer.peek() || null;
      if (shown?.want.args.layer === asked && shown.meta.layer !== asked) {
        store.setTraits({ layer: shown.meta.layer });
      }
    },
  };
  const ends = store.panels.map((name) => effect(() => batch(wanted[name])));
  return () => {
    for (const end of ends) end();
  };
}

/** Drawn in the background, whatever else is looked at meanwhile; where there is no kernel, it is shown or said to lack. */
function recalled<O extends Op>({ traits, local }: Store, slot: Slot<O>, want: Want<O> | null): void {
  const looked = local.grid.show.value === "excites";
  if (traits._holds.peek()) slot.ask(looked ? want : null);
}

/**
 * Nothing is synthesised unasked; another aim ends a running search and shows what is already known. Where there is no
 * kernel, asking costs nothing, and either shows the picture or says that there is none.
 */
function unasked<O extends Op>({ traits }: Store, slot: Slot<O>, want: Want<O> | null): void {
  if (JSON.stringify(want?.about) === JSON.stringify(slot.want?.about)) return;
  const known = want && (traits._holds.peek() || slot.held(want));
  slot.ask(known ? want : null);
}
