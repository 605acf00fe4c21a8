/**
 * Any number of small maps: one canvas that stays in view and paints the visible rows alone, and over it
 * a real button for every visible tile, so that each can be pointed at, focused and read aloud.
 */
import { type Signal, useSignal } from "@preact/signals";
import { useCallback, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { type Geometry, layTiles, paintTiles, type Sheet, visibleRows } from "../draw/tiles";
import { blit } from "./canvas";
import { useSize } from "./size";
import { useRows, type Words } from "./tile-rows";

interface Props {
  label: string;
  sheet: Sheet;
  /** Why the tiles lie in this order: another order is shown from its beginning. */
  ordering: string;
  /** Channel under the roving focus. */
  cursor: Signal<number>;
  selected: number | null;
  /** What is said of each channel: the same as long as it is the same object. */
  words: Words;
  onSelect?: (channel: number) => void;
  /** Enter on the channel that is selected already. */
  onEnterAgain?: () => void;
  onPeek?: (channel: number | null) => void;
  /** The channels that can be seen, after each painting. */
  onView?: (channels: number[]) => void;
  onPainted: () => void;
}

const NO_ROWS = { columns: 1, rows: 0, tileWidth: 1, tileHeight: 1, pitchX: 1, pitchY: 1 };

/** The place that a key leads to, or null for a key that does not move. */
export function placeAfter(event: KeyboardEvent, place: number, g: Geometry, page: number): number | null {
  const { columns } = g;
  const start = place - (place % columns);
  const steps: Record<string, number> = {
    ArrowRight: place + 1,
    ArrowLeft: place - 1,
    ArrowDown: place + columns,
    ArrowUp: place - columns,
    PageDown: place + page * columns,
    PageUp: place - page * columns,
    Home: event.ctrlKey ? 0 : start,
    End: event.ctrlKey ? Number.POSITIVE_INFINITY : start + columns - 1,
  };
  return steps[event.key] ?? null;
}

/** Where each channel lies; −1 for one that is left out. */
function placesOf(order: ArrayLike<number>): Int32Array {
  let most = -1;
  for (let place = 0; place < order.length; place++) most = Math.max(most, order[place]!);
  const places = new Int32Array(most + 1).fill(-1);
  for (let place = 0; place < order.length; place++) places[order[place]!] = place;
  return places;
}

export function TileGrid(props: Props) {
  const { sheet, cursor, selected } = props;
  const count = sheet.order.length;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(scroller).value;
  const firstRow = useSignal(0);
  const focusNext = useRef(false);

  const g = useMemo(
    () => (size.width ? layTiles(count, sheet.height, sheet.width, size.width, sheet.shrink) : NO_ROWS),
    [count, sheet.height, sheet.width, sheet.shrink, size.width],
  );
  const places = useMemo(() => placesOf(sheet.order), [sheet.order]);
  // A channel that is not shown leaves the focus to the first that is.
  const activePlace = Math.max(0, places[Math.min(cursor.value, places.length - 1)] ?? 0);
  const active = sheet.order[activePlace] ?? -1;

  const told = useRef(props);
  told.current = props;
  const buffer = useRef(new Uint32Array(0));
  const paint = useCallback(() => {
    if (!canvas.current || !scroller.current || g.rows === 0 || size.height === 0) return;
    const { width, height } = size;
    if (buffer.current.length !== width * height) buffer.current = new Uint32Array(width * height);
    const top = Math.round(scroller.current.scrollTop);
    paintTiles(buffer.current, width, top, g, sheet);
    blit(canvas.current, { width, height, pixels: buffer.current });
    const [first, end] = visibleRows(g, top, height);
    told.current.onView?.(Array.from(sheet.order).slice(first * g.columns, end * g.columns));
    told.current.onPainted();
  }, [g, sheet, size]);

  const pending = useRef(0);
  const schedule = useCallback(() => {
    cancelAnimationFrame(pending.current);
    pending.current = requestAnimationFrame(paint);
  }, [paint]);
  // Before the browser draws: an effect after that would come a frame late.
  useLayoutEffect(() => {
    schedule();
    return () => cancelAnimationFrame(pending.current);
  }, [schedule]);

  const onScroll = () => {
    firstRow.value = visibleRows(g, scroller.current?.scrollTop ?? 0, size.height)[0];
    schedule();
  };

  // The active tile comes into view when it, or the layout around it, changes.
  const ordering = useRef(props.ordering);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || size.height === 0) return;
    const above = Math.floor(activePlace / g.columns) * g.pitchY;
    const reordered = ordering.current !== props.ordering;
    ordering.current = props.ordering;
    box.scrollTop = reordered ? 0 : scrollFor(above, g.pitchY, box.scrollTop, size.height);
    if (!focusNext.current) return;
    focusNext.current = false;
    box.querySelector<HTMLElement>(`[data-channel="${active}"]`)?.focus({ preventScroll: true });
  }, [active, activePlace, g, size.height, props.ordering]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && active === selected && props.onEnterAgain) {
      event.preventDefault();
      return props.onEnterAgain();
    }
    const page = Math.max(1, Math.floor(size.height / g.pitchY));
    const place = placeAfter(event, activePlace, g, page);
    if (place === null) return;
    event.preventDefault();
    const channel = sheet.order[Math.max(0, Math.min(count - 1, place))]!;
    if (channel === active) return;
    focusNext.current = true;
    cursor.value = channel;
  };

  const channelAt = (event: Event): number | null => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-channel]");
    return cell ? Number(cell.dataset.channel) : null;
  };
  const onClick = (event: MouseEvent) => {
    const channel = channelAt(event);
    if (channel === null) return;
    cursor.value = channel;
    props.onSelect?.(channel);
  };
  const peek = (event: Event) => props.onPeek?.(channelAt(event));
  const unpeek = () => props.onPeek?.(null);

  // The active row stays in the document wherever one scrolls, so that Tab finds the way back.
  const activeRow = Math.floor(activePlace / g.columns);
  const end = Math.min(g.rows, firstRow.value + Math.ceil(size.height / g.pitchY) + 1);
  const rows = Array.from({ length: Math.max(0, end - firstRow.value) }, (_, i) => firstRow.value + i);
  if (g.rows > 0 && !rows.includes(activeRow)) rows.push(activeRow);

  const labelled = sheet.height === 1 && sheet.width === 1;
  const rowOf = useRows({ g, order: sheet.order, labelled, selected, active, words: props.words });
  return (
    <div
      ref={scroller}
      class={`tiles ${labelled ? "labelled" : ""}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={g.rows}
      aria-colcount={g.columns}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onPointerOver={peek}
      onPointerLeave={unpeek}
      onFocusIn={peek}
      onFocusOut={unpeek}
    >
      <div class="space" role="none" style={{ height: `${g.rows * g.pitchY}px` }}>
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus; the cells speak for it */}
        <canvas ref={canvas} aria-hidden="true" />
        {rows.map(rowOf)}
      </div>
    </div>
  );
}

/** The least scrolling that shows the next row; one from farther away comes to the middle. */
export function scrollFor(above: number, pitch: number, top: number, height: number): number {
  const below = above + pitch;
  if (above >= top && below <= top + height) return top;
  if (above < top - pitch || below > top + height + pitch) return Math.max(0, above - (height - pitch) / 2);
  return above < top ? above : below - height;
}
