/** What a `Dreamer` is set to, and what its panels want to show: pure functions of the store. */
import { type Signal, signal } from "@preact/signals";
import { formatUnit, parseUnit, wholeUnit } from "./address";
import type { DreamTarget, Op } from "./protocol";
import type { Slot, Want } from "./slot";
import type { Store } from "./store";
import type { Options } from "./traits";
import { className, predictions } from "./wants";

export type DreamAim = "layer" | "unit" | "class";

export interface DreamSettings {
  octaves: number;
  steps: number;
  strength: number;
  /** Longer side of the picture at most, in pixels. */
  size: number | null;
  seed: number;
}

export interface Dreaming {
  settings: Signal<DreamSettings>;
  aim: Signal<DreamAim>;
  /** Key of the picture whose contents guide the dream. */
  guide: Signal<string | null>;
  inversion: Signal<{ steps: number; seed: number }>;
  /** The layer whose memory is shown large; the first one where it is not there. */
  enlarged: Signal<string | null>;
}

/** Large enough for several octaves, small enough for an answer in seconds on a laptop. */
const SIDE = 512;

export function initial({ octaves, steps, strength, size, seed }: Options): Dreaming {
  return {
    settings: signal({
      octaves: octaves ?? 4,
      steps: steps ?? 10,
      strength: strength ?? 1.5,
      size: size ?? SIDE,
      seed: seed ?? 0,
    }),
    aim: signal("layer"),
    guide: signal(null),
    inversion: signal({ steps: 128, seed: seed ?? 0 }),
    enlarged: signal(null),
  };
}

const chosenKey = ({ traits }: Store): string | undefined =>
  traits._images.value[traits.image_index.value]?.key;

/** The class that is dreamt of: the chosen one, else the predicted one. */
export const dreamtClass = (store: Store): number | null =>
  store.traits.target.value ?? predictions(store)?.[0]?.index ?? null;

export function dreamTarget(store: Store): DreamTarget | null {
  const { traits, dreaming } = store;
  if (dreaming.aim.value === "unit") {
    const unit = parseUnit(traits.unit.value);
    return unit && { unit: formatUnit(wholeUnit(unit)) };
  }
  if (dreaming.aim.value === "class") {
    const index = dreamtClass(store);
    return index === null ? null : { logit: index };
  }
  return traits.layer.value ? { layer: traits.layer.value } : null;
}

/** What is dreamt of, in words. */
export function dreamName(store: Store, target: DreamTarget): string {
  if ("layer" in target) return target.layer;
  return "unit" in target ? target.unit : className(store, target.logit);
}

export function original(store: Store): Want<"original"> | null {
  const key = chosenKey(store);
  if (key === undefined) return null;
  const { size } = store.dreaming.settings.value;
  const args = { image: store.traits.image_index.value, size };
  return { op: "original", args, about: { key, size }, title: "picture" };
}

export function dream(store: Store): Want<"dream"> | null {
  const { traits, dreaming } = store;
  const key = chosenKey(store);
  const target = dreamTarget(store);
  if (key === undefined || !target) return null;
  const found = traits._images.value.findIndex((image) => image.key === dreaming.guide.value);
  const guide = "layer" in target && found >= 0 ? found : null;
  const settings = { target, ...dreaming.settings.value };
  const of = guide === null ? "" : ` guided by ${traits._images.value[guide]!.name}`;
  return {
    op: "dream",
    args: { image: traits.image_index.value, guide, ...settings },
    about: { key, guide: guide === null ? null : dreaming.guide.value, ...settings },
    title: `dream of ${dreamName(store, target)}${of}`,
  };
}

export function inversion(store: Store): Want<"inversion"> | null {
  const key = chosenKey(store);
  if (key === undefined) return null;
  const settings = { layers: null, ...store.dreaming.inversion.value };
  const args = { image: store.traits.image_index.value, ...settings };
  return { op: "inversion", args, about: { key, ...settings }, title: "inversion" };
}

/**
 * Nothing is dreamt unasked. What is known already is shown, and what was made of another picture is not; other
 * settings leave the picture that is there, which says what it was made with.
 */
export function follow<O extends Op>(slot: Slot<O>, want: Want<O> | null): void {
  if (want && slot.held(want)) slot.ask(want);
  else if (slot.want && slot.want.about.key !== want?.about.key) slot.ask(null);
}
