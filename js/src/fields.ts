/** What is laid over the picture at the moment: a class's heat map, a unit's map, a peek, or nothing and why. */
import { formatUnit, type Unit, wholeUnit } from "./address";
import { centred, type Domain, domainOf } from "./draw/colour";
import { slice } from "./draw/picture";
import { named, percent, short, withSettings } from "./format";
import { groupMap, strongestIn } from "./groups";
import type { Result } from "./payload";
import type { Meta, OverlayMap } from "./protocol";
import { type MapScale, scaleOf } from "./scale";
import type { Want } from "./slot";
import type { Store } from "./store";
import * as wants from "./wants";

export interface Field {
  kind: "class" | "unit" | "group" | "projection" | "peek";
  bytes: Uint8Array;
  height: number;
  width: number;
  /** Numbers at bytes 0 and 255. */
  lo: number;
  hi: number;
  /** Numbers at the ends of the colour map. */
  domain: Domain;
  signed: boolean;
  /** Three where the bytes are signed colours themselves. */
  channels?: 1 | 3;
  smooth: boolean;
  /** Method, layer, target and its value, as the picture's caption. */
  caption: string;
  /** The unit, and the size of its layer's full map, where places on the map can be chosen. */
  unit: Unit | null;
  full: readonly [height: number, width: number];
  /** Changes exactly when the content does. */
  key: string;
}

export interface Silence {
  silent: string;
  key: string;
}

export const isField = (over: Field | Silence | null): over is Field => over !== null && "bytes" in over;

/** One channel of a layer's maps, on the scale that is chosen for the grid. */
export function unitField(result: Result<"maps">, unit: Unit, scale: MapScale, kind: "unit" | "peek"): Field {
  const { meta, bytes } = result;
  const [lo, hi] = [bytes.lo[unit.channel]!, bytes.hi[unit.channel]!];
  const { signed } = scale;
  const domain = scale.of(unit.channel);
  return {
    kind,
    bytes: slice(bytes.pixels, unit.channel, meta.height * meta.width),
    height: meta.height,
    width: meta.width,
    lo,
    hi,
    domain,
    signed,
    smooth: false,
    caption: `Activation of ${formatUnit(wholeUnit(unit))} · max ${short(bytes.max[unit.channel]!)}`,
    unit,
    full: meta.full,
    key: `${kind}:${result.key}:${unit.channel}:${scale.key}`,
  };
}

interface HeatMaps {
  meta: Meta<"overlay">;
  bytes: Uint8Array[];
  want: Want<"overlay">;
  key: string;
  /** How far it is computed, where that is not to the end. */
  reached: string | null;
}

/** The heat maps so far while they are being computed, else the newest finished ones. */
function heatMaps({ slots }: Store): HeatMaps | null {
  const { frame, shown, state } = slots.overlay;
  if (frame.value) {
    const { meta, bytes, want, step, steps } = frame.value;
    const verb = state.value === "computing" ? "step" : "stopped at step";
    const key = `${JSON.stringify(want.about)}:${step}`;
    return { meta, bytes, want, key, reached: `${verb} ${step} of ${steps}` };
  }
  if (!shown.value) return null;
  const { meta, bytes, want, result } = shown.value;
  return { meta, bytes, want, key: result.key, reached: null };
}

/** The map of the chosen class among those that are shown. */
export function chosenMap(store: Store): { map: OverlayMap; index: number; of: HeatMaps } | null {
  const of = heatMaps(store);
  if (!of) return null;
  const target = store.traits.target.value;
  const found = target === null ? 0 : of.meta.maps.findIndex((m) => m.target.index === target);
  const index = Math.max(0, found);
  const map = of.meta.maps[index];
  return map ? { map, index, of } : null;
}

/** Method, layer, class and what is known of the result. */
function captionOf({ meta, want, reached }: HeatMaps, { target, minus, numbers }: OverlayMap): string {
  const method = withSettings(meta.label, want.args.params);
  const where = meta.layer ? ` at ${meta.layer}` : "";
  const difference = minus && `logits ${short(target.logit)} − ${short(minus.logit)}`;
  const facts = minus
    ? [`${target.label} minus ${minus.label}: ${difference} = ${short(target.logit - minus.logit)}`]
    : [`${target.label}: logit ${short(target.logit)}, ${percent(target.probability)}`];
  return [`${method}${where}`, ...facts, ...named(numbers), ...(reached ? [reached] : [])].join(" · ");
}

function classField(store: Store): Field | Silence | null {
  const chosen = chosenMap(store);
  if (!chosen) return null;
  const { map, index, of } = chosen;
  const { height, width, signed } = of.meta;
  const caption = captionOf(of, map);
  const key = `class:${of.key}:${index}`;
  if (map.empty) {
    const silent = map.note || "No positive evidence for this class at this layer.";
    return { silent: `${caption}. ${silent}`, key };
  }
  const ends = signed ? centred(Math.max(Math.abs(map.lo), Math.abs(map.hi))) : { lo: 0, hi: map.hi };
  return {
    kind: "class",
    bytes: of.bytes[index]!,
    height,
    width,
    ...ends,
    domain: domainOf(0, ends.hi, signed),
    signed,
    smooth: true,
    caption: map.note ? `${caption} · ${map.note}` : caption,
    unit: null,
    full: [height, width],
    key,
  };
}

/** The maps of a unit's layer for the chosen picture, if the page holds them. */
export function mapsHolding(store: Store, unit: Unit): Result<"maps"> | undefined {
  const shown = store.slots.maps.shown.value;
  const want = wants.mapsOf(store, unit.layer);
  if (JSON.stringify(shown?.want.about) === JSON.stringify(want.about)) return shown?.result;
  return store.slots.maps.held(want);
}

function ofUnit(store: Store, unit: Unit, kind: "unit" | "peek"): Field | Silence {
  const name = formatUnit(wholeUnit(unit));
  const result = mapsHolding(store, unit);
  const key = `silent:${kind}:${name}`;
  // Why they cannot be had is said beside it.
  if (!result && store.slots.maps.state.value === "failed") return { silent: "", key: `${key}:failed` };
  if (!result) return { silent: `The maps of ${unit.layer} are not loaded: open the layer.`, key };
  if (unit.channel >= result.meta.channels) return { silent: `${name} does not exist.`, key };
  if (result.meta.full[0] * result.meta.full[1] === 1) {
    return { silent: `${unit.layer} has no positions: one number a unit, no map to lay over.`, key };
  }
  return unitField(result, unit, scaleOf(store, result), kind);
}

/** The chosen group of channels, over 0 … its largest value on the pictures. */
function groupField(store: Store): Field | Silence {
  const index = store.local.grid.group.value;
  const shown = store.slots.groups.shown.value;
  const key = `silent:group:${index}`;
  if (index === null) return { silent: "No group is chosen: click one above the grid.", key };
  const map = groupMap(store, index);
  if (!shown || !map) return { silent: "This picture was not among those that were grouped.", key };
  const { layer, count } = shown.meta;
  const members = strongestIn(shown, index, 3).join(", ");
  const domain = { lo: 0, hi: map.top };
  return {
    ...map,
    kind: "group",
    ...domain,
    domain,
    signed: false,
    smooth: false,
    caption: `Group ${index + 1} of ${count} of ${layer} · units ${members} …`,
    unit: null,
    full: [map.height, map.width],
  };
}

/** The chosen unit carried back to the pixels. */
function projectionField({ slots, traits }: Store): Field | Silence {
  const shown = slots.projection.shown.value;
  if (!shown)
    return { silent: traits.unit.value ? "" : "No unit is chosen: click one in the grid.", key: "" };
  const { meta, bytes, want, result } = shown;
  const facts = [
    `${withSettings(meta.label, want.args.params)} of ${meta.unit}`,
    `value ${short(meta.value)}`,
  ];
  const caption = [...facts, ...named(meta.numbers), ...(meta.note ? [meta.note] : [])].join(" · ");
  return {
    kind: "projection",
    bytes,
    height: meta.height,
    width: meta.width,
    channels: meta.channels,
    ...centred(meta.scale),
    domain: domainOf(0, meta.scale, true),
    signed: true,
    smooth: false,
    caption,
    unit: null,
    full: [meta.height, meta.width],
    key: `projection:${result.key}`,
  };
}

/** What the picture shows over itself now; null means the bare picture. */
export function currentField(store: Store): Field | Silence | null {
  const shown = store.slots.maps.shown.value;
  const mode = store.local.mode.value;
  const peek = store.local.peek.value;
  const locked = store.unit.value;
  const looksAtLocked = mode === "unit" && locked?.channel === peek && locked?.layer === shown?.meta.layer;
  if (peek !== null && !looksAtLocked && shown && peek < shown.meta.channels) {
    const field = ofUnit(store, { layer: shown.meta.layer, channel: peek, position: null }, "peek");
    if (isField(field)) return field;
  }
  if (mode === "class") return classField(store);
  if (mode === "group") return groupField(store);
  if (mode === "projection") return projectionField(store);
  if (mode === "none") return null;
  return locked
    ? ofUnit(store, locked, "unit")
    : { silent: "No unit is chosen: click one in the grid.", key: "" };
}
