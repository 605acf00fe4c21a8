/** What a tile of the grid can be a picture of. A source fills tiles; which of them lie where is not its affair. */
import { asksAnother } from "./beside";
import { centred, type Domain, domainOf, type Lut, lutOf, recolour } from "./draw/colour";
import { mosaic } from "./draw/picture";
import { short, whole } from "./format";
import type { Show } from "./grid-choices";
import { scaleOf } from "./scale";
import type { AnySlot, Shown } from "./slot";
import type { Store } from "./store";
import type { Option } from "./views/controls";
import { gallery as galleryOfLayer } from "./wants";

export interface Tiles {
  layer: string;
  channels: number;
  /** Of one tile, before it is painted. */
  height: number;
  width: number;
  /** All tiles one after the other: bytes to be coloured, or packed colours as they are. */
  pixels: Uint8Array | Uint32Array;
  colours: ((channel: number) => Lut) | null;
  /** Whether large tiles may leave pixels out. */
  shrink: boolean;
}

/** A colour map with its numbers, or a sentence where there are none. */
export type Key = { quantity: string; domain: Domain; signed: boolean; colormap: string } | string;

export interface TileSource {
  /** Where its tiles come from, whose state the panel tells. */
  slot: AnySlot;
  /** The answer that the tiles show. */
  shown: unknown;
  tiles: Tiles | null;
  /** Equal keys mean equal tiles. */
  key: string;
  /** How the colours are to be read; for the channel that is looked at, where each has its own scale. */
  legendOf: (channel: number | null) => Key;
  /** What is told of a channel beside its number; the same as long as `known` is. */
  factsOf: (channel: number) => string[];
  known: unknown;
  /** Where tiles are not made unasked: what makes them, or goes on with it; null while that runs, or is done. */
  start: { label: string; act: () => void } | null;
  /** How far it is, where tiles come one by one. */
  reached: string;
  /** Said beside the number of a channel that has no tile, in a word. */
  markOf?: (channel: number) => string;
  /** Why there are no tiles of this layer, where that is no matter of time. */
  missing?: string;
}

function remembered(make: (channel: number) => Lut): (channel: number) => Lut {
  const made: Lut[] = [];
  return (channel) => {
    made[channel] ??= make(channel);
    return made[channel];
  };
}

/** Each channel's map on the chosen picture. */
function activations(store: Store): TileSource {
  const { slots, local } = store;
  const shown = slots.maps.shown.value;
  const source = { slot: slots.maps, shown, known: shown, start: null, reached: "" };
  if (!shown) return { ...source, tiles: null, key: "", legendOf: () => "", factsOf: () => [] };
  const { meta, bytes, result } = shown;
  const scale = scaleOf(store, result);
  const { signed, shared } = scale;
  const colormap = local.colormap.value;
  const lut = lutOf(colormap, signed);
  const { layer, channels, height, width } = meta;
  const colours = remembered((k) => recolour(lut, bytes.lo[k]!, bytes.hi[k]!, scale.of(k)));
  return {
    ...source,
    tiles: { layer, channels, height, width, pixels: bytes.pixels, colours, shrink: true },
    key: `${result.key}:${scale.key}:${colormap}`,
    legendOf: (channel) => {
      if (shared) return { quantity: shared.name, domain: shared.domain, signed, colormap };
      if (channel === null || channel >= channels) return "each over its own range";
      return { quantity: `unit ${channel}${scale.both}`, domain: scale.of(channel), signed, colormap };
    },
    factsOf: (channel) => [`max ${short(bytes.max[channel]!)}`],
  };
}

const GREY = Uint32Array.from({ length: 256 }, (_, byte) => (255 << 24) | (byte * 0x010101));

/** The colours of a filter's bytes, which stand for −top … top, over −reach … reach. */
function weightColours(rgb: boolean, top: number, reach: number): Lut {
  const { lo, hi } = centred(top);
  return recolour(rgb ? GREY : lutOf("", true), lo, hi, rgb ? centred(reach) : domainOf(-reach, reach, true));
}

type Filters = Shown<"filters">;

/** The weight at the end of a filter's colours: the largest of its own, or of the layer's; also of another network's. */
function reachOf(own: boolean, filter: number, { meta, bytes }: Filters, there: Filters | null): number {
  return own
    ? Math.max(bytes.tops[filter]!, there?.bytes.tops[filter] ?? 0)
    : Math.max(meta.scale, there?.meta.scale ?? 0);
}

/** The sheet of a layer's filters, each over its own largest weight or all over the layer's. */
export function filterTiles(shown: Filters, own: boolean, there: Filters | null = null): Tiles {
  const { meta, bytes } = shown;
  const rgb = meta.channels === 3;
  const colours = remembered((filter) =>
    weightColours(rgb, bytes.tops[filter]!, reachOf(own, filter, shown, there)),
  );
  const sheet = mosaic(bytes.pixels, meta, colours);
  return { ...sheet, layer: meta.layer, channels: meta.count, colours: null, shrink: false };
}

/** Which of a filter's input planes its mosaic shows, where it does not show all. */
export function planesShown({ meta, bytes }: Shown<"filters">, filter: number): string {
  const colours = meta.channels === 3 ? 3 : 1;
  if (meta.planes * colours === meta.inputs) return "";
  const from = filter * meta.planes;
  const first = [...bytes.inputs.subarray(from, from + 4)].join(", ");
  return `largest weights on inputs ${first} … of ${meta.inputs}`;
}

/** The kernels of a convolution. */
function weights(store: Store): TileSource {
  const { slots, local } = store;
  const shown = slots.filters.shown.value;
  const other = asksAnother(store) ? store.beside().slots.filters.shown.value : null;
  const there = other?.meta.layer === shown?.meta.layer ? other : null;
  const own = local.grid.scale.value === "unit";
  return {
    slot: slots.filters,
    shown,
    tiles: shown && filterTiles(shown, own, there),
    key: `${shown?.result.key}:${own}:${there?.result.key}`,
    legendOf: (filter) => {
      if (!shown) return "";
      if (own && (filter === null || filter >= shown.meta.count)) return "each over its own largest weight";
      const reach = reachOf(own, filter ?? 0, shown, there);
      const quantity = `${own ? `filter ${filter}` : "layer"}${there ? ", both networks" : ""}`;
      if (shown.meta.channels === 3) return `${quantity}: grey is 0, black and white ∓${short(reach)}`;
      return { quantity, domain: { lo: -reach, hi: reach }, signed: true, colormap: "" };
    },
    factsOf: (filter) => {
      if (!shown || filter >= shown.meta.count) return [];
      const planes = planesShown(shown, filter);
      return [`largest weight ${short(shown.bytes.tops[filter]!)}`, ...(planes ? [planes] : [])];
    },
    known: shown,
    start: null,
    reached: "",
  };
}

/** What excites each unit, as far as it is drawn. */
function excites(store: Store): TileSource {
  const { slots, gallery, network } = store;
  const sheet = gallery.sheet.value;
  const running = ["computing", "queued"].includes(slots.gallery.state.value);
  const done = sheet?.tiles.size ?? 0;
  const complete = sheet !== null && done === sheet.channels;
  return {
    slot: slots.gallery,
    shown: slots.gallery.shown.value,
    tiles: sheet && { ...sheet, colours: null, shrink: true },
    key: sheet ? `${network.value}:${sheet.layer}:${done}` : "",
    legendOf: () => "drawn by activation maximisation, each for its own unit",
    factsOf: (channel) => {
      const tile = sheet?.tiles.get(channel);
      if (!tile) return ["not drawn yet"];
      return [tile.activation === null ? tile.note : `activation ${short(tile.activation)}`];
    },
    known: sheet,
    start:
      running || complete || store.lacks(galleryOfLayer(store))
        ? null
        : { label: done > 0 ? "Go on" : "Draw what excites each unit", act: () => store.startGallery() },
    reached: sheet && !complete ? `${done} of ${sheet.channels} drawn` : "",
  };
}

/** The part of the data set's pictures that excites each unit most; the first network's alone are known. */
function patches({ slots, patchwork, traits, network }: Store): TileSource {
  const another = network.value === 1;
  const sheet = another ? null : patchwork.sheet.value;
  const [atlas, layer] = [traits._atlas.value, traits.layer.value];
  const done = sheet?.tiles.size ?? 0;
  const known = sheet?.meta;
  const extent =
    known && (known.complete ? whole(known.total) : `${whole(known.seen)} of ${whole(known.total)} so far`);
  return {
    slot: slots.strongest,
    shown: slots.strongest.shown.value,
    tiles: sheet && { ...sheet, colours: null, shrink: true },
    key: sheet ? `${layer}:${done}:${known?.seen}` : "",
    legendOf: () => `each unit's strongest patch in ${atlas?.name}, n = ${extent}`,
    factsOf: (channel) => {
      const tile = sheet?.tiles.get(channel);
      if (!tile) return ["not there yet"];
      if (tile.note) return [tile.note];
      return [`strongest ${short(tile.score ?? 0)}`, ...(tile.label ? [tile.label] : []), tile.name];
    },
    known: sheet,
    start: null,
    reached: sheet && done < sheet.channels ? `${done} of ${sheet.channels} units` : "",
    markOf: (channel) => {
      const tile = sheet?.tiles.get(channel);
      return tile?.note ? (tile.score !== null && tile.score <= 0 ? "dead" : "none") : "";
    },
    missing: another
      ? `${atlas?.name} was scanned with ${traits._network.value.name}: of the other network no patches are known.`
      : atlas && !atlas.layers.includes(layer)
        ? `${layer} was not scanned: it is not in ${atlas.name}.`
        : "",
  };
}

export const SOURCES: Record<Show, (store: Store) => TileSource> = {
  activations,
  excites,
  patches,
  weights,
};

/** What there is to choose from, and why not where something is missing. */
export const showsFor = ({ traits }: Store): Option<Show>[] =>
  SHOWS.map((show) =>
    show.value === "patches" && !traits._atlas.value ? { ...show, missing: NO_ATLAS } : show,
  );

const NO_ATLAS =
  "The strongest patches are those of a data set, and none was scanned: " +
  'nbviz.explore(net, atlas=nbviz.scan(net, "photos/", "atlas/")) shows them.';

const SHOWS: Option<Show>[] = [
  { value: "activations", label: "activations", title: "Each unit's map on this picture" },
  { value: "excites", label: "excites", title: "What excites each unit: activation maximisation" },
  {
    value: "patches",
    label: "top patch",
    title: "The part of the data set's pictures that excites each unit most",
  },
  { value: "weights", label: "weights", title: "The layer's kernels, those of the largest weights first" },
];
