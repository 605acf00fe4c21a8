/** All channels of the chosen layer, as what is chosen shows them. */
import { useComputed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { asksAnother, gridSide, sideName } from "../beside";
import type { Sheet } from "../draw/tiles";
import { brief, extent, short } from "../format";
import { isPinned } from "../places";
import { orderOf, type Quantity, quantityOf, thresholdOf } from "../quantities";
import { SOURCES, type TileSource } from "../sources";
import type { Store } from "../store";
import type { LayerInfo } from "../traits";
import { projectionOf } from "../wants";
import { useStore, useView } from "./context";
import { Button, Segments } from "./controls";
import { GridLegend, GridToolbar } from "./grid-toolbar";
import { GroupStrip } from "./group-strip";
import { Notice, type PaintLog, Panel, usePaintLog } from "./panel";
import { TileGrid } from "./tile-grid";
import type { Words } from "./tile-rows";

/** Class names where the layer's units are the classes. */
function classesOf({ traits, layer }: Store): string[] | null {
  const { labels } = traits._network.value;
  const info = layer.value;
  const vector = info && info.height * info.width === 1;
  return vector && labels?.length === info.channels ? labels : null;
}

/** Channels whose projection was not recorded; none where there is a kernel, or no projection to show. */
function lacking(store: Store, layer: string): (channel: number) => boolean {
  const projected = store.panels.includes("projection");
  return (channel) => projected && store.lacks(projectionOf(store, `${layer}:${channel}`));
}

export function ChannelGrid() {
  const store = useStore();
  const log = usePaintLog();
  const { layer, local, slots } = store;
  const source = useComputed(() => SOURCES[local.grid.show.value](gridSide(store))).value;
  // The numbers to order by are read off the maps, whatever the tiles show; of another layer they say nothing here.
  const maps = slots.maps.shown.value;
  const known = useComputed(() => {
    const of = slots.maps.shown.value;
    return of && quantityOf(store, of.result);
  }).value;
  const quantity = maps?.meta.layer === source.tiles?.layer ? known : null;
  // Tiles of another layer do not stand for those that cannot be had.
  const stale = source.slot.state.value === "failed" && source.tiles?.layer !== store.traits.layer.value;
  return (
    <Panel name="maps" label="Channels" slot={source.slot} log={log} class="grow">
      <div class="bar-line">
        <h3 title={store.traits.layer.value}>{store.traits.layer.value}</h3>
        {layer.value && <Facts layer={layer.value} />}
        <WhichNetwork />
      </div>
      <GridToolbar source={source} quantity={quantity} classes={classesOf(store)} />
      <GroupStrip />
      <div class="stage">
        {source.tiles && !stale && <Grid log={log} source={source} quantity={quantity} />}
        {source.start && !source.tiles && (
          <p class="empty">
            <Button kind="primary" onClick={source.start.act}>
              {source.start.label}
            </Button>
          </p>
        )}
        {source.missing && <p class="empty">{source.missing}</p>}
        <Notice slot={source.slot} />
      </div>
      <GridLegend source={source} />
    </Panel>
  );
}

/** Which of two networks that are compared is shown; the units keep their places. */
function WhichNetwork() {
  const store = useStore();
  if (!asksAnother(store)) return null;
  const { network } = store.local.grid;
  const options = [store, store.beside()].map((side, i) => ({
    value: String(i) as "0" | "1",
    label: sideName(side),
  }));
  return (
    <Segments
      label="Network"
      options={options}
      value={`${network.value}`}
      onChange={(chosen) => {
        network.value = chosen === "0" ? 0 : 1;
      }}
    />
  );
}

const Facts = ({ layer }: { layer: LayerInfo }) => (
  <span class="muted">
    {layer.kind} · {layer.channels} units
    {layer.height * layer.width > 1 && ` · ${extent(layer.height, layer.width)}`}
  </span>
);

interface GridProps {
  log: PaintLog;
  source: TileSource;
  quantity: Quantity | null;
}

function Grid({ log, source, quantity }: GridProps) {
  const { cursor } = useView();
  const store = useStore();
  const { local, unit } = store;
  const tiles = source.tiles as NonNullable<TileSource["tiles"]>;
  const { channels, layer } = tiles;
  const sort = local.grid.sort.value;
  const values = quantity?.values?.length === channels ? quantity.values : null;
  const threshold = thresholdOf(values, local.grid.least.value);
  const order = useMemo(
    () => orderOf(channels, sort, values, threshold),
    [channels, sort, values, threshold],
  );
  const sheet = useMemo<Sheet>(() => ({ ...tiles, order }), [tiles, order]);
  const selected = unit.value?.layer === layer ? unit.value.channel : null;

  // Whoever names a unit elsewhere finds it in the grid.
  useEffect(() => {
    if (selected !== null) cursor.value = selected;
  }, [selected, cursor]);

  const words = useWords(source, quantity?.name ?? "", values);
  return (
    <TileGrid
      label={`Channels of ${layer}`}
      sheet={sheet}
      ordering={`${sort}:${threshold}`}
      cursor={cursor}
      selected={selected}
      words={words}
      onSelect={(channel) => {
        local.mode.value = "unit";
        store.lock({ layer, channel, position: null });
      }}
      onEnterAgain={() => store.excite("unit")}
      onPeek={(channel) => {
        local.peek.value = channel;
      }}
      onView={(shown) => {
        store.patchwork.inView.value = shown;
      }}
      onPainted={() => log.painted(source.shown, `${source.key}:${sort}:${threshold}`)}
    />
  );
}

/** What is said of each channel: who it is, what its tile shows, and the number it is ordered by. */
function useWords(source: TileSource, by: string, values: Float32Array | null): Words {
  const store = useStore();
  const { layer, height, width } = source.tiles as NonNullable<TileSource["tiles"]>;
  const sort = store.local.grid.sort.value;
  const classes = classesOf(store);
  // With it changes which of them a recording lacks.
  const projected = JSON.stringify(projectionOf(store, `${layer}:0`)?.args);
  const pins = store.traits.pins.value;
  // The tiles of another network lie in the order of the first, so that units keep their places.
  const own = gridSide(store) === store;
  return useMemo(() => {
    const told = own && sort !== "index" && sort !== "activation";
    const number = (channel: number) => values?.[channel] ?? Number.NaN;
    const beside = own && (sort !== "index" || height * width === 1);
    const pinned = (channel: number) => isPinned(pins, { layer, channel, position: null });
    return {
      nameOf: (channel) => {
        const facts = source.factsOf(channel);
        if (told && !Number.isNaN(number(channel))) facts.push(`${by} ${short(number(channel))}`);
        if (pinned(channel)) facts.push("pinned");
        return [`unit ${channel}${classes ? ` ${classes[channel]}` : ""}`, ...facts].join(", ");
      },
      captionOf: (channel) => {
        const mark = source.markOf?.(channel);
        const name = `${pinned(channel) ? "★ " : ""}${classes?.[channel] ?? channel}${mark ? ` ${mark}` : ""}`;
        return beside && !Number.isNaN(number(channel)) ? `${name} ${brief(number(channel))}` : name;
      },
      lacking: lacking(store, layer),
    };
  }, [source.known, layer, sort, by, values, classes, projected, pins, own]);
}
