/** One stop of the map: a module's name, size, and how much of it fires; opened, what is inside. */
import { extent } from "../format";
import { layerOf } from "../map-tree";
import type { Shares } from "../shares";
import type { LayerInfo, MapNode } from "../traits";
import { mapsOf } from "../wants";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";

const sizeOf = (layer: LayerInfo): string =>
  layer.height * layer.width === 1
    ? `${layer.channels}`
    : `${layer.channels} × ${extent(layer.height, layer.width)}`;

/** What every stop needs to draw itself. */
export interface Course {
  layers: Map<string, LayerInfo>;
  shares: Shares;
  /** The nodes from a root to the chosen layer's. */
  path: readonly MapNode[];
  isOpen: (node: MapNode) => boolean;
  /** The stop that Tab reaches. */
  reachable: string;
}

interface StopProps {
  node: MapNode;
  level: number;
  course: Course;
  chosen: string;
}

export function Stop({ node, level, course, chosen }: StopProps) {
  const layer = course.layers.get(layerOf(node) ?? "");
  const inner = node.children ?? [];
  const open = inner.length > 0 && course.isOpen(node);
  const kind = node.kind ?? layer?.kind ?? "";
  const share = layer && shareOf(layer, course.shares);
  const store = useStore();
  const lacking = layer !== undefined && store.lacks(mapsOf(store, layer.name));
  const said = [
    node.repeats ? `${node.repeats} × ${kind}` : kind,
    layer && sizeOf(layer),
    ...(share ? share.words : []),
    lacking && "not recorded: needs a kernel",
    layer?.field && `sees ${layer.field.join(" × ")} pixels`,
  ];
  const text = [node.name, ...said.filter(Boolean)].join(" · ");
  return (
    <div
      class={`stop ${open ? "open" : ""}`}
      role="treeitem"
      aria-level={level}
      aria-label={text}
      aria-expanded={inner.length > 0 ? open : undefined}
      aria-selected={node.name === chosen}
      tabIndex={node.name === course.reachable ? 0 : -1}
      data-node={node.name}
      data-lacking={lacking || undefined}
      {...OWN_KEYS}
    >
      <span class={`stop-row ${course.path.includes(node) ? "holds" : ""}`} title={text}>
        {inner.length > 0 && <span class="twist">{open ? "▾" : "▸"}</span>}
        <span class="stop-name">
          <b>{node.label}</b>
          <small>
            {node.repeats ? `${node.repeats} × ${kind} · ` : ""}
            {layer && sizeOf(layer)}
            {share && ` · ${share.percent}`}
            {share && share.dead > 0 && <em>{` · ${share.dead} dead`}</em>}
          </small>
          {share && <ShareBar {...share} />}
        </span>
      </span>
      {open && (
        <div role="group">
          {inner.map((child) => (
            <Stop key={child.name} node={child} level={level + 1} course={course} chosen={chosen} />
          ))}
        </div>
      )}
    </div>
  );
}

interface Share {
  live: number;
  dead: number;
  of: number;
  percent: string;
  words: string[];
}

/** How much of a layer with positions fires; null where that is not known or is no question. */
function shareOf(layer: LayerInfo, { live, everLive, over }: Shares): Share | null {
  const here = live?.get(layer.name);
  if (here === undefined || layer.height * layer.width === 1) return null;
  const ever = everLive?.get(layer.name);
  const dead = ever === undefined ? 0 : layer.channels - ever;
  const words = [`${here} of ${layer.channels} units above zero on this picture`];
  if (ever !== undefined) words.push(`${dead} on none of ${over}`);
  const percent = `${Math.floor((100 * here) / layer.channels)} %`;
  return { live: here, dead, of: layer.channels, percent, words };
}

function ShareBar({ live, dead, of }: Share) {
  return (
    <span class="share">
      <span class="fires" style={{ width: `${(100 * live) / of}%` }} />
      <span class="silent" style={{ width: `${(100 * dead) / of}%` }} />
    </span>
  );
}

/** How the numbers of the map are to be read, and what the chosen layer sees. */
export function Reading({ shares }: { shares: Shares }) {
  const { layer, traits } = useStore();
  const [, height, width] = traits._network.value.input;
  const field = layer.value?.field;
  return (
    <p class="reading muted">
      {shares.live && (
        <span>
          <span class="fires key" /> units above zero on this picture
        </span>
      )}
      {shares.everLive && (
        <span>
          <span class="silent key" /> dead: above zero on none of {shares.over}
        </span>
      )}
      {field && (
        <span>
          {layer.value?.name} sees {field.join(" × ")} pixels of {height} × {width}
        </span>
      )}
    </p>
  );
}
