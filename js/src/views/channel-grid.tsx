/** All channels of the chosen layer for the chosen picture. */
import { useMemo } from "preact/hooks";
import { domainOf, type Lut, lutOf, recolour } from "../draw/colour";
import type { Sheet } from "../draw/tiles";
import { extent, short } from "../format";
import type { Meta } from "../protocol";
import type { Shown } from "../slot";
import type { Store } from "../store";
import { useStore, useView } from "./context";
import { Segments } from "./controls";
import { Legend } from "./legend";
import { Notice, type PaintLog, Panel, usePaintLog } from "./panel";
import { TileGrid } from "./tile-grid";

const SORTS = [
  { value: "index", label: "index", title: "In the order of the layer" },
  { value: "activation", label: "activation", title: "Strongest maximum first" },
] as const;
const SCALES = [
  { value: "unit", label: "unit", title: "Each map over its own range" },
  { value: "layer", label: "layer", title: "All maps over the range of the layer: brightness compares" },
] as const;

function orderOf(shown: Shown<"maps">, sort: "index" | "activation"): Int32Array {
  const order = Int32Array.from({ length: shown.meta.channels }, (_, i) => i);
  const { max } = shown.bytes;
  return sort === "index" ? order : order.sort((a, b) => max[b]! - max[a]! || a - b);
}

/** The colours of each channel's bytes on its own scale or the layer's; made when first seen. */
function coloursOf(shown: Shown<"maps">, own: boolean, colormap: string): (channel: number) => Lut {
  const { lo, hi } = shown.meta;
  const signed = lo < 0;
  const lut = lutOf(colormap, signed);
  const made: Lut[] = [];
  return (channel) => {
    const [least, most] = [shown.bytes.lo[channel]!, shown.bytes.hi[channel]!];
    const domain = own ? domainOf(least, most, signed) : domainOf(lo, hi);
    made[channel] ??= recolour(lut, least, most, domain);
    return made[channel];
  };
}

/** Class names where the layer's units are the classes. */
function unitName({ traits }: Store, meta: Meta<"maps">): (channel: number) => string {
  const { labels } = traits._network.value;
  const vector = meta.full[0] * meta.full[1] === 1;
  const classes = vector && labels?.length === meta.channels ? labels : null;
  return (channel) => classes?.[channel] ?? String(channel);
}

export function ChannelGrid() {
  const store = useStore();
  const log = usePaintLog();
  const { local, slots } = store;
  const layer = store.layer.value;
  return (
    <Panel name="maps" label="Channels" slot={slots.maps} log={log} class="grow">
      <div class="bar-line">
        <h3 title={store.traits.layer.value}>{store.traits.layer.value}</h3>
        {layer && (
          <span class="muted">
            {layer.kind} · {layer.channels} units
            {layer.height * layer.width > 1 && ` · ${extent(layer.height, layer.width)}`}
          </span>
        )}
      </div>
      <div class="toolbar">
        <span class="field">
          <span>sort</span>
          <Segments
            label="Sort"
            options={SORTS}
            value={local.sort.value}
            onChange={(sort) => {
              local.sort.value = sort;
            }}
          />
        </span>
        <span class="field">
          <span>scale</span>
          <Segments
            label="Scale"
            options={SCALES}
            value={local.scale.value}
            onChange={(scale) => {
              local.scale.value = scale;
            }}
          />
        </span>
        <GridLegend />
      </div>
      <div class="stage">
        <Grid log={log} />
        <Notice slot={slots.maps} />
      </div>
    </Panel>
  );
}

/** Numbers of the layer, or on the unit scale those of the unit that is looked at. */
function GridLegend() {
  const { slots, local, unit } = useStore();
  const shown = slots.maps.shown.value;
  if (!shown) return null;
  const { lo, hi, layer, channels } = shown.meta;
  const signed = lo < 0;
  const locked = unit.value?.layer === layer ? unit.value.channel : null;
  const channel = local.peek.value ?? locked;
  const colormap = local.colormap.value;
  if (local.scale.value === "layer") {
    return <Legend quantity="layer" domain={domainOf(lo, hi)} signed={signed} colormap={colormap} />;
  }
  if (channel === null || channel >= channels) return <span class="muted">each over its own range</span>;
  const domain = domainOf(shown.bytes.lo[channel]!, shown.bytes.hi[channel]!, signed);
  return <Legend quantity={`unit ${channel}`} domain={domain} signed={signed} colormap={colormap} />;
}

function Grid({ log }: { log: PaintLog }) {
  const { cursor } = useView();
  const store = useStore();
  const { local, slots } = store;
  const shown = slots.maps.shown.value;
  const sort = local.sort.value;
  const own = local.scale.value === "unit";
  const colormap = local.colormap.value;
  const order = useMemo(() => (shown ? orderOf(shown, sort) : null), [shown, sort]);
  const sheet = useMemo<Sheet | null>(() => {
    if (!shown || !order) return null;
    const { height, width } = shown.meta;
    return { pixels: shown.bytes.pixels, height, width, order, colours: coloursOf(shown, own, colormap) };
  }, [shown, order, own, colormap]);
  if (!shown || !sheet) return null;

  const { meta, bytes, result } = shown;
  const labelled = meta.full[0] * meta.full[1] === 1;
  const name = unitName(store, meta);
  const unit = store.unit.value;
  return (
    <TileGrid
      label={`Channels of ${meta.layer}`}
      sheet={sheet}
      ordering={sort}
      cursor={cursor}
      selected={unit?.layer === meta.layer ? unit.channel : null}
      nameOf={(channel) =>
        `unit ${channel}${labelled && name(channel) !== String(channel) ? ` ${name(channel)}` : ""}, max ${short(bytes.max[channel]!)}`
      }
      captionOf={(channel) =>
        labelled ? `${name(channel)}  ${short(bytes.max[channel]!)}` : String(channel)
      }
      onSelect={(channel) => {
        local.mode.value = "unit";
        store.lock({ layer: meta.layer, channel, position: null });
      }}
      onEnterAgain={() => store.excite("unit")}
      onPeek={(channel) => {
        local.peek.value = channel;
      }}
      onPainted={() => log.painted(shown, `${result.key}:${sort}:${own}:${colormap}`)}
    />
  );
}
