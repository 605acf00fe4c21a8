/** The network as a tree that lies on its side: stops in the order of the forward pass, opened in place. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { layerOf, nodeNamed, pathTo } from "../map-tree";
import { sharesOf } from "../shares";
import type { MapNode } from "../traits";
import { useStore } from "./context";
import { type Course, Reading, Stop } from "./map-stop";
import { useSize } from "./size";

export function NetworkMap() {
  const store = useStore();
  const { traits, setTraits } = store;
  const tree = useRef<HTMLDivElement>(null);
  // What somebody opened or closed by hand stays so; otherwise the way to the chosen layer is open.
  const decided = useSignal<ReadonlyMap<string, boolean>>(new Map());
  const focused = useSignal("");
  const layers = useComputed(() => new Map(traits._network.value.layers.map((one) => [one.name, one])));
  const shares = useComputed(() => sharesOf(store)).value;
  const nodes = traits._network.value.tree;
  const path = pathTo(nodes, traits.layer.value);
  const onTheWay = new Set(path.slice(0, -1).map(({ name }) => name));
  const isOpen = (node: MapNode) => decided.value.get(node.name) ?? onTheWay.has(node.name);
  const shown = path.findIndex((node) => !isOpen(node));
  const chosen = path[shown < 0 ? path.length - 1 : shown]?.name ?? "";

  // The chosen stop comes into view; again when it has a place at all, and when the shares have made stops wider.
  const laidOut = useSize(tree).value.width > 0;
  const complete = `${shares.live !== null} ${shares.everLive !== null}`;
  useEffect(() => {
    const row = itemNamed(tree.current, chosen)?.querySelector<HTMLElement>(".stop-row");
    if (row && tree.current) scrollTo(tree.current, row);
  }, [chosen, laidOut, complete]);

  const nodeOf = (target: EventTarget | null): MapNode | undefined => {
    const item = (target as HTMLElement).closest<HTMLElement>('[role="treeitem"]');
    return item ? nodeNamed(nodes, item.dataset.node as string) : undefined;
  };
  const open = (node: MapNode, whether: boolean) => {
    decided.value = new Map(decided.value).set(node.name, whether);
  };
  const choose = (node: MapNode) => {
    const layer = layerOf(node);
    if (layer) setTraits({ layer });
  };
  const focus = (item: HTMLElement | null | undefined) => {
    if (!item) return;
    focused.value = item.dataset.node as string;
    item.focus({ preventScroll: true });
    scrollTo(tree.current as HTMLElement, item.querySelector(".stop-row") as HTMLElement);
  };
  const onClick = (event: MouseEvent) => {
    const node = nodeOf(event.target);
    if (!node) return;
    focused.value = node.name;
    if ((event.target as HTMLElement).closest(".twist")) open(node, !isOpen(node));
    else choose(node);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const node = nodeOf(event.target);
    const item = event.target as HTMLElement;
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const inner = (node.children?.length ?? 0) > 0;
    const items = [...(tree.current?.querySelectorAll<HTMLElement>('[role="treeitem"]') ?? [])];
    const at = items.indexOf(item);
    const acts: Record<string, () => void> = {
      ArrowRight: () => focus(items[at + 1]),
      ArrowLeft: () => focus(items[at - 1]),
      ArrowDown: () => {
        if (inner && !isOpen(node)) open(node, true);
        else if (inner) focus(items[at + 1]);
      },
      ArrowUp: () => {
        if (inner && isOpen(node)) open(node, false);
        else focus(item.parentElement?.closest<HTMLElement>('[role="treeitem"]'));
      },
      Home: () => focus(items[0]),
      End: () => focus(items.at(-1)),
      Enter: () => choose(node),
      " ": () => choose(node),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  const visible = itemNamed(tree.current, focused.value) !== null;
  const reachable = (visible && focused.value) || chosen || nodes[0]?.name || "";
  const course: Course = { layers: layers.value, shares, path, isOpen, reachable };
  return (
    <div class="map" role="group" aria-label="Map of the network">
      <div
        ref={tree}
        class="course"
        role="tree"
        aria-label="Layers"
        aria-orientation="horizontal"
        onClick={onClick}
        onKeyDown={onKeyDown}
      >
        {nodes.map((node) => (
          <Stop key={node.name} node={node} level={1} course={course} chosen={chosen} />
        ))}
      </div>
      <Reading shares={shares} />
    </div>
  );
}

/** A stop by name: names are any text, so they are compared, never put into a selector. */
const itemNamed = (tree: HTMLElement | null, name: string): HTMLElement | null =>
  [...(tree?.querySelectorAll<HTMLElement>('[role="treeitem"]') ?? [])].find(
    (item) => item.dataset.node === name,
  ) ?? null;

/** Scrolls the map alone: scrollIntoView would move the notebook too. */
function scrollTo(box: HTMLElement, row: HTMLElement): void {
  const [outer, inner] = [box.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.left >= outer.left && inner.right <= outer.right) return;
  box.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
}
