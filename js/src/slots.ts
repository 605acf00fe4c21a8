/** The panels of all views, and the operation that fills each. */
import type { Op, SlotName } from "./protocol";
import { Slot, type SlotContext } from "./slot";

const FILLED_BY = {
  picture: "picture",
  thumbnails: "thumbnails",
  maps: "maps",
  overlay: "overlay",
  projection: "projection",
  excites: "synthesis",
  gallery: "gallery",
  strongest: "strongest",
  interaction: "interaction",
  neighbours: "neighbours",
  patches: "patches",
  examples: "examples",
  filters: "filters",
  survey: "extremes",
  census: "extremes",
  contributions: "contributions",
  groups: "groups",
  occlude: "occlude",
  picture_b: "picture",
  maps_b: "maps",
  overlay_b: "overlay",
  projection_b: "projection",
  excites_b: "synthesis",
  gallery_b: "gallery",
  filters_b: "filters",
  original: "original",
  dream: "dream",
  inversion: "inversion",
} as const satisfies Record<SlotName, Op>;

export type Slots = { readonly [K in SlotName]: Slot<(typeof FILLED_BY)[K]> };

export const slotsOf = (context: SlotContext): Slots =>
  Object.fromEntries(
    Object.keys(FILLED_BY).map((name) => [name, new Slot(name as SlotName, context)]),
  ) as unknown as Slots;
