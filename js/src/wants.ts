/** What each panel wants to show, from the state of the page: pure functions of the store. */
import { formatUnit, parseUnit, wholeUnit } from "./address";
import { short } from "./format";
import type { ClassTarget, Op, Params, Prediction, SynthesisTarget } from "./protocol";
import type { Want } from "./slot";
import type { Store } from "./store";
import type { MethodInfo } from "./traits";

export const imageKey = ({ traits }: Store): string | undefined =>
  traits._images.value[traits.image_index.value]?.key;

const methodNamed = ({ traits }: Store, name: string): MethodInfo | undefined =>
  traits._methods.value.find((method) => method.name === name);

const methodLabel = (store: Store, name: string): string => methodNamed(store, name)?.label ?? name;

const paramsOf = ({ local }: Store, method: string): Params => local.params.value[method] ?? {};

export const className = ({ traits }: Store, index: number): string =>
  traits._network.value.labels?.[index] ?? `class ${index}`;

const factor = (weight: number): string => (weight === 1 ? "" : weight === -1 ? "−" : `${short(weight)}·`);

/** What is searched for, in words. */
export function aimName(store: Store, target: SynthesisTarget): string {
  if ("unit" in target) return target.unit;
  if ("terms" in target) return target.terms.map(([weight, unit]) => `${factor(weight)}${unit}`).join(" + ");
  const [quantity, index] = Object.entries(target)[0] as [string, number];
  return `${quantity} of ${className(store, index)}`;
}

/** The same of the network that the store looks at. */
export function at<O extends Op>({ network }: Store, want: Want<O>): Want<O> {
  const number = network.value;
  return number ? { ...want, network: number, about: { ...want.about, network: number } } : want;
}

export function picture(store: Store): Want<"picture"> | null {
  const key = imageKey(store);
  if (key === undefined) return null;
  const args = { image: store.traits.image_index.value };
  return at(store, { op: "picture", args, about: { key }, title: "picture" });
}

/** Small pictures to choose from, where there are several. */
export function thumbnails({ traits }: Store): Want<"thumbnails"> | null {
  const images = traits._images.value;
  if (images.length < 2) return null;
  return { op: "thumbnails", args: {}, about: { keys: images.map(({ key }) => key) }, title: "thumbnails" };
}

export function maps(store: Store): Want<"maps"> | null {
  const key = imageKey(store);
  const layer = store.traits.layer.value;
  return key === undefined || !layer ? null : mapsOf(store, layer, key);
}

/** The maps of any layer for the chosen picture. */
export function mapsOf(store: Store, layer: string, key = imageKey(store) ?? ""): Want<"maps"> {
  const image = store.traits.image_index.value;
  return at(store, { op: "maps", args: { image, layer }, about: { key, layer }, title: `maps of ${layer}` });
}

/** The chosen picture's strongest classes, or null while they are not known. */
export function predictions(store: Store): Prediction[] | null {
  const shown = store.slots.picture.shown.value;
  return shown && shown.want.about.key === imageKey(store) ? shown.meta.predictions : null;
}

/** Where it costs little, all predicted classes travel together: to switch among them never asks the kernel. */
export function overlay(store: Store): Want<"overlay"> | "wait" | null {
  const { traits, local, slots } = store;
  const key = imageKey(store);
  const method = local.classMethod.value;
  if (key === undefined || !method) return null;
  const known = predictions(store);
  if (!known && slots.picture.state.value !== "failed") return "wait";
  const info = methodNamed(store, method);
  const layer = info?.layer && local.classLayer.value === "chosen" ? traits.layer.value : null;
  const params = paramsOf(store, method);
  const strongest = known?.map((p) => p.index) ?? [];
  const targets = targetsOf(traits.target.value, local.look.minus.value, strongest, info?.cheap ?? false);
  return at(store, {
    op: "overlay",
    args: { image: traits.image_index.value, method, targets, layer, params },
    about: { key, method, targets, layer, params },
    title: methodLabel(store, method),
  });
}

function targetsOf(
  target: number | null,
  minus: number | null,
  strongest: number[],
  together: boolean,
): ClassTarget[] {
  const shown = target ?? strongest[0];
  if (minus !== null && shown !== undefined && minus !== shown) return [[shown, minus]];
  const among = strongest.length > 0 && (target === null || strongest.includes(target));
  return together && among ? strongest : [target ?? strongest[0] ?? null];
}

export const projection = (store: Store): Want<"projection"> | null =>
  projectionOf(store, store.traits.unit.value);

/** The projection of any unit onto the chosen picture. */
export function projectionOf(store: Store, written: string): Want<"projection"> | null {
  const key = imageKey(store);
  const unit = parseUnit(written);
  const method = store.traits.method.value;
  if (key === undefined || !unit || !method) return null;
  const about = { unit: formatUnit(unit), method, params: paramsOf(store, method) };
  const title = `${methodLabel(store, method)} of ${about.unit}`;
  const args = { image: store.traits.image_index.value, ...about };
  return at(store, { op: "projection", args, about: { key, ...about }, title });
}

/** A neuron is searched for at its place, a channel all over its map, a class by its logit. */
export function synthesisTarget({ traits, local }: Store): SynthesisTarget | null {
  const { aim, aimedClass, second } = local;
  if (aim.value === "class" && aimedClass.value !== null) return { logit: aimedClass.value };
  const unit = parseUnit(traits.unit.value);
  if (!unit) return null;
  const name = formatUnit(unit);
  if (aim.value === "negative") return { terms: [[-1, name]] };
  if (aim.value === "joint" && second.value)
    return {
      terms: [
        [1, name],
        [1, formatUnit(second.value)],
      ],
    };
  return { unit: aim.value === "channel" ? formatUnit(wholeUnit(unit)) : name };
}

export function synthesis(store: Store): Want<"synthesis"> | null {
  const target = synthesisTarget(store);
  if (!target) return null;
  const args = { target, ...store.local.synthesis.value };
  return at(store, { op: "synthesis", args, about: args, title: `what excites ${aimName(store, target)}` });
}

/** Steps of each tile's search: fewer than for a large picture, of which there is only one. */
const TILE_STEPS = 64;

/** What excites each unit of the chosen layer. */
export function gallery(store: Store): Want<"gallery"> | null {
  const { traits, local } = store;
  const layer = traits.layer.value;
  if (!layer) return null;
  const args = { layer, steps: TILE_STEPS, size: null, seed: local.synthesis.value.seed };
  return at(store, { op: "gallery", args, about: args, title: `what excites the units of ${layer}` });
}

export function filters(store: Store): Want<"filters"> {
  const layer = store.traits.layer.value || null;
  const title = layer ? `filters of ${layer}` : "filters";
  return { op: "filters", args: { layer }, about: { layer }, title };
}
