/** One root component a widget. */
import type { ComponentChildren, ComponentType } from "preact";
import { useRef } from "preact/hooks";
import type { Traits } from "../traits";
import { ChannelGrid } from "./channel-grid";
import { type Tab, useStore, useView } from "./context";
import { OWN_KEYS } from "./controls";
import { Dreamer } from "./dreamer";
import { FilterGrid } from "./filter-grid";
import { Footer, Header } from "./frame";
import { ImageStrip } from "./image-strip";
import { LayerChoice } from "./layer-choice";
import { NetworkMap } from "./network-map";
import { PicturePane } from "./picture-pane";
import { useSize } from "./size";
import { UnitPane } from "./unit-pane";

/** Below this width the three panes take turns. */
const NARROW = 800;

const ImagePane = () => <PicturePane modes={["class", "unit", "projection", "group", "none"]} />;

const TABS: readonly [Tab, string, ComponentType][] = [
  ["image", "Image", ImagePane],
  ["grid", "Grid", ChannelGrid],
  ["unit", "Unit", UnitPane],
];

/** What a pane is to assistive tools. */
const spoken = (label: string, narrow: boolean) =>
  ({ role: narrow ? "tabpanel" : "group", "aria-label": label }) as const;

function Explorer() {
  const { tab, store } = useView();
  const box = useRef<HTMLDivElement>(null);
  const panes = useRef<HTMLDivElement>(null);
  const { width } = useSize(box).value;
  // Measured and handed down: pictures sized by container query units would be laid out anew for every word.
  const tall = useSize(panes).value.height;
  const narrow = width > 0 && width < NARROW;
  const height = store.traits._options.value.height ?? 720;
  return (
    <div ref={box} class="explorer" style={{ "--height": `${height}px` }}>
      <Header />
      <NetworkMap />
      {narrow && <Tabs />}
      <div ref={panes} class={`panes ${narrow ? "narrow" : ""}`} style={{ "--tall": `${tall}px` }}>
        {TABS.map(([name, label, Pane]) => (
          <div key={name} class="pane" hidden={narrow && tab.value !== name} {...spoken(label, narrow)}>
            <Pane />
          </div>
        ))}
      </div>
      <Footer />
    </div>
  );
}

function Tabs() {
  const { tab } = useView();
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = TABS.findIndex(([name]) => name === tab.value);
    const next = (at + by + TABS.length) % TABS.length;
    tab.value = TABS[next]![0];
    ((event.currentTarget as HTMLElement).children[next] as HTMLElement).focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Panes" onKeyDown={onKeyDown}>
      {TABS.map(([name, label]) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={tab.value === name}
          tabIndex={tab.value === name ? 0 : -1}
          onClick={() => {
            tab.value = name;
          }}
          {...OWN_KEYS}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

/** Of a height of its own: what does not fit scrolls, and the status stays in sight. */
function Boxed({ height, children }: { height: number; children: ComponentChildren }) {
  return (
    <div class="single boxed" style={{ height: `${height}px` }}>
      <div class="pane">{children}</div>
      <Footer />
    </div>
  );
}

function LayerGrid() {
  const { traits } = useStore();
  return (
    <Boxed height={traits._options.value.height ?? 420}>
      <LayerChoice />
      <ImageStrip />
      <ChannelGrid />
    </Boxed>
  );
}

function Filters() {
  const { traits } = useStore();
  return (
    <Boxed height={traits._options.value.height ?? 320}>
      <FilterGrid />
    </Boxed>
  );
}

function HeatmapOverlay() {
  return (
    <div class="single">
      <PicturePane modes={["class", "none"]} />
      <Footer />
    </div>
  );
}

function UnitInspector() {
  return (
    <div class="single">
      <ImageStrip />
      <UnitPane />
      <Footer />
    </div>
  );
}

export const ROOTS: Record<Traits["_view"], ComponentType> = {
  explorer: Explorer,
  layer_grid: LayerGrid,
  filter_grid: Filters,
  heatmap_overlay: HeatmapOverlay,
  unit_inspector: UnitInspector,
  dreamer: Dreamer,
};
