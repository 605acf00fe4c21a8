/** Finding one's way on the map's tree: pure functions of its nodes. */
import type { MapNode } from "./traits";

/** The layer that choosing a node shows: its own output, else the last one inside. */
export function layerOf(node: MapNode): string | null {
  const last = node.children?.at(-1);
  return node.layer ?? (last ? layerOf(last) : null);
}

/** The nodes from a root to the one that stands for a layer: that of its name, else the outermost with its output. */
export function pathTo(nodes: readonly MapNode[], layer: string): MapNode[] {
  return find(nodes, (node) => node.name === layer) ?? find(nodes, (node) => node.layer === layer) ?? [];
}

export const nodeNamed = (nodes: readonly MapNode[], name: string): MapNode | undefined =>
  find(nodes, (node) => node.name === name)?.at(-1);

function find(nodes: readonly MapNode[], fits: (node: MapNode) => boolean): MapNode[] | null {
  for (const node of nodes) {
    if (fits(node)) return [node];
    const inner = find(node.children ?? [], fits);
    if (inner) return [node, ...inner];
  }
  return null;
}
