/** What is compared with: the same view of the same widget, with one thing exchanged. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { formatUnit, parseUnit } from "./address";
import type { Field, Silence } from "./fields";
import { currentField, isField } from "./fields";
import { galleryOf } from "./sheets";
import type { Store } from "./store";
import { className, gallery, predictions } from "./wants";

export type Contrast = "picture" | "class" | "unit" | "network";

/** What the other side shows; null is a choice that suits. */
export interface Other {
  image: Signal<number | null>;
  target: Signal<number | null>;
  unit: Signal<string>;
}

export const other = (): Other => ({ image: signal(null), target: signal(null), unit: signal("") });

/** The class that is shown: the one asked for, else the predicted one. */
const shownClass = (store: Store): number | null =>
  store.traits.target.value ?? predictions(store)?.[0]?.index ?? null;

function otherClass(store: Store): number | null {
  const first = shownClass(store);
  const rest = predictions(store)?.filter(({ index }) => index !== first) ?? [];
  return store.local.look.other.target.value ?? rest[0]?.index ?? first;
}

function otherImage({ traits, local }: Store): number {
  const chosen = local.look.other.image.value;
  const count = traits._images.value.length;
  return chosen !== null && chosen < count ? chosen : (traits.image_index.value + 1) % count;
}

/** The other side of a store: its choices with one exchanged, its answers in slots of their own. */
export function besideOf(store: Store): Store {
  const { traits, slots, local } = store;
  const { look } = local;
  const { contrast } = look;
  const exchanged = <T>(what: Contrast, instead: () => T, same: () => T): ReadonlySignal<T> =>
    computed(() => (contrast.value === what ? instead() : same()));
  const unit = exchanged(
    "unit",
    () => look.other.unit.value || traits.unit.value,
    () => traits.unit.value,
  );
  const layer = exchanged(
    "unit",
    () => parseUnit(unit.value)?.layer ?? traits.layer.value,
    () => traits.layer.value,
  );
  const target = exchanged(
    "class",
    () => otherClass(store),
    () => shownClass(store),
  );
  const image_index = exchanged(
    "picture",
    () => otherImage(store),
    () => traits.image_index.value,
  );
  // Another unit stays while the grid is looked through, and a window is held over one picture alone.
  const peek = exchanged(
    "unit",
    () => null,
    () => local.peek.value,
  ) as Signal<number | null>;
  const side: Store = {
    ...store,
    traits: { ...traits, unit, layer, target, image_index },
    slots: {
      ...slots,
      picture: slots.picture_b,
      maps: slots.maps_b,
      overlay: slots.overlay_b,
      projection: slots.projection_b,
      excites: slots.excites_b,
      gallery: slots.gallery_b,
      filters: slots.filters_b,
    },
    gallery: galleryOf(slots.gallery_b, () => side),
    startGallery: () => slots.gallery_b.ask(gallery(side), true),
    beside: () => store,
    local: { ...local, peek, look: { ...look, hand: signal(null) } },
    layer: computed(() => traits._network.value.layers.find(({ name }) => name === layer.value)),
    unit: computed(() => parseUnit(unit.value)),
    network: exchanged(
      "network",
      () => 1,
      () => 0,
    ),
    lock: (chosen) => {
      if (contrast.peek() === "unit") look.other.unit.value = formatUnit(chosen);
      else store.lock(chosen);
    },
  };
  return side;
}

/** Whether another network is asked the same. */
export const asksAnother = ({ local }: Store): boolean => local.look.contrast.value === "network";

/** The side that the grid shows. */
export const gridSide = (store: Store): Store =>
  asksAnother(store) && store.local.grid.network.value === 1 ? store.beside() : store;

/** What a side is, in words. */
export function sideName(side: Store): string {
  const { traits, local, network } = side;
  switch (local.look.contrast.value) {
    case "picture":
      return traits._images.value[traits.image_index.value]?.name ?? "";
    case "class": {
      const index = shownClass(side);
      return index === null ? "" : className(side, index);
    }
    case "unit":
      return traits.unit.value;
    case "network":
      return network.value ? (traits._beside.value?.name ?? "") : traits._network.value.name;
    default:
      return "";
  }
}

/** Two fields over one range of numbers, so that equal colours are equal numbers; others stay as they are. */
export function onOneScale<T extends Field | Silence | null>(one: T, another: Field | Silence | null): T {
  if (!isField(one) || !isField(another) || one.kind !== another.kind) return one;
  const reach = Math.max(...[one, another].flatMap(({ domain }) => [-domain.lo, domain.hi]));
  const signed = one.signed || another.signed;
  const lo = signed ? -reach : Math.min(one.domain.lo, another.domain.lo);
  return { ...one, signed, domain: { lo, hi: reach }, key: `${one.key}:${lo}:${reach}` };
}

/** What lies over the picture on both sides, on one scale; the second is null where nothing is compared. */
export function bothFields(store: Store): [Field | Silence | null, Field | Silence | null] {
  const here = currentField(store);
  if (store.local.look.contrast.value === null) return [here, null];
  const there = currentField(store.beside());
  return [onOneScale(here, there), onOneScale(there, here)];
}
