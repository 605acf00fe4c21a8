/** The page of an atlas as a site: layers, a grid of strongest patches, and one unit in full. */
import { useComputed, useSignal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { parseUnit } from "../address";
import { short } from "../format";
import { Detail } from "./detail";
import { type Index, indexOf, readSite, type SiteFacts, type SiteLayer, type Unit, unitOf } from "./records";
import style from "./site.css";

const SORTS = { index: "index", high: "maximum", mean: "mean", fired: "fires in" } as const;
type Sort = keyof typeof SORTS;

interface Place {
  layer: SiteLayer;
  channel: number;
}

/** The unit that the address names, else the first of the last layer with a map. */
function placeIn({ layers }: SiteFacts): Place {
  const unit = parseUnit(decodeURIComponent(location.hash.slice(1)));
  const layer = layers.find(({ name }) => name === unit?.layer);
  if (layer && unit && unit.channel < layer.channels) return { layer, channel: unit.channel };
  return { layer: layer ?? (layers.at(-1) as SiteLayer), channel: 0 };
}

function orderOf(layer: SiteLayer, index: Index | null, sort: Sort): number[] {
  const order = Array.from({ length: layer.channels }, (_, channel) => channel);
  if (!index || sort === "index") return order;
  const by = (channel: number) => index[sort][channel] ?? Number.NEGATIVE_INFINITY;
  return order.sort((a, b) => by(b) - by(a) || a - b);
}

function App({ site }: { site: SiteFacts }) {
  const place = useSignal(placeIn(site));
  const index = useSignal<Index | null>(null);
  const unit = useSignal<Unit | null>(null);
  const fault = useSignal("");
  const sort = useSignal<Sort>("index");
  const state = useComputed(() => (fault.value ? "failed" : unit.value ? "ready" : "computing"));
  const { layer, channel } = place.value;

  useEffect(() => {
    const follow = () => {
      place.value = placeIn(site);
    };
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, [site, place]);
  useEffect(() => {
    let current = true;
    const told = (error: unknown) => {
      if (current) fault.value = error instanceof Error ? error.message : String(error);
    };
    unit.value = null;
    fault.value = "";
    indexOf(layer).then((found) => {
      if (current) index.value = found;
    }, told);
    unitOf(layer, channel).then((found) => {
      if (current) unit.value = found;
    }, told);
    return () => {
      current = false;
    };
  }, [layer, channel, unit, index, fault]);

  const go = (to: Place) => {
    place.value = to;
    history.replaceState(null, "", `#${encodeURI(`${to.layer.name}:${to.channel}`)}`);
  };
  return (
    <div class="site">
      <header>
        <h1>{site.network}</h1>
        <span class="muted">strongest patches over {site.pictures.toLocaleString("en")} pictures</span>
        <label>
          layer{" "}
          <select
            value={layer.name}
            onChange={({ currentTarget }) => {
              const to = site.layers.find(({ name }) => name === currentTarget.value);
              if (to) go({ layer: to, channel: 0 });
            }}
          >
            {site.layers.map(({ name, channels }) => (
              <option key={name} value={name}>{`${name} · ${channels}`}</option>
            ))}
          </select>
        </label>
        <label>
          sort{" "}
          <select
            value={sort.value}
            onChange={({ currentTarget }) => {
              sort.value = currentTarget.value as Sort;
            }}
          >
            {Object.entries(SORTS).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </header>
      <div class="columns">
        <Grid
          layer={layer}
          chosen={channel}
          index={index.value}
          order={orderOf(layer, index.value, sort.value)}
          choose={(to) => go({ layer, channel: to })}
        />
        <section data-panel="unit" data-state={state} aria-label="Unit" aria-live="polite">
          {fault.value && <p role="alert">{fault.value}</p>}
          {unit.value && (
            <Detail
              unit={unit.value}
              layer={layer}
              channel={channel}
              index={index.value}
              pictures={site.pictures}
            />
          )}
        </section>
      </div>
    </div>
  );
}

interface GridProps {
  layer: SiteLayer;
  chosen: number;
  index: Index | null;
  order: number[];
  choose: (channel: number) => void;
}

/** Every channel by its strongest patch; arrows move among them, Enter and a click choose. */
function Grid({ layer, chosen, index, order, choose }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const { tile, columns, number } = layer;
  const active = order.includes(chosen) ? chosen : order[0];
  const onKeyDown = (event: KeyboardEvent) => {
    const cells = [...(box.current?.querySelectorAll("button") ?? [])];
    const at = cells.indexOf(event.target as HTMLButtonElement);
    const row = Math.max(1, Math.floor((box.current?.clientWidth ?? 0) / (tile + 8)));
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[event.key];
    const ends = { Home: 0, End: cells.length - 1 }[event.key];
    const to = ends ?? (by === undefined ? undefined : at + by);
    if (to === undefined || !cells[to]) return;
    event.preventDefault();
    cells[to].focus();
  };
  const max = (channel: number) => index?.high[channel];
  return (
    <div ref={box} class="grid" role="grid" aria-label={`Channels of ${layer.name}`} onKeyDown={onKeyDown}>
      {/* biome-ignore lint/a11y/useFocusableInteractive: the focus roves among the cells, as grids do */}
      <div role="row">
        {order.map((channel) => (
          <button
            key={channel}
            type="button"
            role="gridcell"
            data-channel={channel}
            aria-selected={channel === chosen}
            aria-label={`unit ${channel}${max(channel) == null ? "" : `, max ${short(max(channel) as number)}`}`}
            tabIndex={channel === active ? 0 : -1}
            onClick={() => choose(channel)}
            style={{
              width: `${tile}px`,
              backgroundImage: `url("${number}.webp")`,
              backgroundPosition: `-${(channel % columns) * tile}px -${Math.floor(channel / columns) * tile}px`,
              paddingTop: `${tile}px`,
            }}
          >
            <span>{channel}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

const place = document.getElementById("nbviz") as HTMLElement;
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets = [sheet];
const facts = readSite(JSON.parse(document.getElementById("nbviz-site")?.textContent ?? "null"));
place.replaceChildren();
render(<App site={facts} />, place);
