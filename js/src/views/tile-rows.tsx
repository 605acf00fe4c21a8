/** The rows of buttons over a grid's canvas. A row that would be the same again is not made again. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { Geometry } from "../draw/tiles";
import { OWN_KEYS } from "./controls";

export interface Words {
  /** Read aloud and shown as tooltip: `unit 447, max 3.1`. */
  nameOf: (channel: number) => string;
  /** Shown beside the tile. */
  captionOf: (channel: number) => string;
  /** Where there is no kernel: what choosing the channel would show is not there. */
  lacking?: (channel: number) => boolean;
}

interface Props {
  g: Geometry;
  order: ArrayLike<number>;
  /** Tiles of one number each lie beside their names. */
  labelled: boolean;
  selected: number | null;
  /** The one that Tab reaches. */
  active: number | null;
  words: Words;
}

export function useRows({ selected, active, ...rest }: Props): (row: number) => VNode {
  const { g, order, labelled, words } = rest;
  const made = useMemo(() => new Map<string, VNode>(), [g, order, labelled, words]);
  return (row) => {
    const channels = Array.from(
      { length: Math.min(g.columns, order.length - row * g.columns) },
      (_, column) => order[row * g.columns + column]!,
    );
    // Another choice is news to the row that loses it and to the one that gets it.
    const own = (channel: number | null) => (channel !== null && channels.includes(channel) ? channel : null);
    const [chosen, reached] = [own(selected), own(active)];
    const name = `${row}:${chosen}:${reached}`;
    const known = made.get(name) ?? (
      <Row key={row} row={row} channels={channels} {...rest} selected={chosen} active={reached} />
    );
    made.set(name, known);
    return known;
  };
}

interface RowProps extends Omit<Props, "order"> {
  row: number;
  channels: readonly number[];
}

function Row({ row, channels, g, labelled, selected, active, words }: RowProps) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the focus roves among the cells, as grids do
    <div role="row" aria-rowindex={row + 1} style={{ top: `${row * g.pitchY}px` }}>
      {channels.map((channel, column) => {
        const name = words.nameOf(channel);
        return (
          <button
            // By its place: another order is new words on the same buttons.
            key={column}
            type="button"
            role="gridcell"
            aria-colindex={column + 1}
            aria-selected={channel === selected}
            aria-label={name}
            title={name}
            tabIndex={channel === active ? 0 : -1}
            data-channel={channel}
            data-lacking={words.lacking?.(channel) || undefined}
            style={cellStyle(g, column, labelled)}
            {...OWN_KEYS}
          >
            {words.captionOf(channel)}
          </button>
        );
      })}
    </div>
  );
}

function cellStyle(g: Geometry, column: number, labelled: boolean) {
  const left = `${column * g.pitchX}px`;
  if (labelled) {
    const [width, height] = [`${g.pitchX - 8}px`, `${g.tileHeight}px`];
    return { left, width, height, paddingLeft: `${g.tileWidth + 6}px` };
  }
  return { left, width: `${g.tileWidth}px`, height: `${g.pitchY - 6}px`, paddingTop: `${g.tileHeight}px` };
}
