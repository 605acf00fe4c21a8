/** What pointer and keys do on the picture: point at a place, keep it, or move the window that is held. */
import type { ComponentChildren } from "preact";
import type { Field } from "../fields";
import { cellAt, middleOf, type Place } from "../look";
import type { Store } from "../store";
import { OWN_KEYS } from "./controls";

function placeOf(event: MouseEvent): Place {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const share = (at: number, from: number, size: number) => Math.min(0.9999, Math.max(0, (at - from) / size));
  return { y: share(event.clientY, box.top, box.height), x: share(event.clientX, box.left, box.width) };
}

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The key was for the picture alone. */
function taken(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopPropagation();
}

/** Move the window that is held. */
function hold({ local }: Store, place: Place): void {
  const { hand } = local.look;
  if (hand.peek()) hand.value = { ...hand.peek()!, ...place };
}

/** Arrows move the window by a quarter of itself, with Shift by a pixel or so; + and − change its size. */
function moveHand(store: Store, event: KeyboardEvent): boolean {
  const { hand } = store.local.look;
  const held = hand.peek();
  if (!held) return false;
  const step = ARROWS[event.key];
  const grow = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
  const by = event.shiftKey ? 1 / 224 : held.size / 4;
  const within = (share: number) => Math.min(1 - held.size / 2, Math.max(held.size / 2, share));
  if (step) hold(store, { y: within(held.y + by * step[0]), x: within(held.x + by * step[1]) });
  else if (grow) hand.value = { ...held, size: Math.min(1, Math.max(0.05, held.size * grow)) };
  else if (event.key === "Escape") hand.value = null;
  else return false;
  return true;
}

interface PointingProps {
  store: Store;
  field: Field | null;
  ratio: string;
  children: ComponentChildren;
}

/** Pointing shows what is at a place, a click keeps it; arrows move the place that is kept, Escape lets it go. */
export function Pointing({ store, field, ratio, children }: PointingProps) {
  const { look } = store.local;
  const grid = store.slots.maps.shown.value?.meta.full ?? [8, 8];
  const keep = (place: Place) => {
    look.kept.value = place;
    if (field?.kind !== "unit" || !field.unit) return;
    store.lock({ ...field.unit, position: cellAt(place, field.full) });
  };
  const click = (event: MouseEvent) => {
    if (look.hand.peek()) return;
    const place = placeOf(event);
    const again = look.kept.peek() && `${cellAt(look.kept.peek()!, grid)}` === `${cellAt(place, grid)}`;
    if (again) look.kept.value = null;
    else keep(place);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = ARROWS[event.key];
    if (moveHand(store, event)) return taken(event);
    if (step) {
      const [row, column] = cellAt(look.kept.peek() ?? { y: 0.5, x: 0.5 }, grid);
      keep(middleOf([row + step[0], column + step[1]], grid));
    } else if (event.key === "Escape" && look.kept.peek()) look.kept.value = null;
    else return;
    taken(event);
  };
  return (
    <div
      class={`picture locks ${look.hand.value ? "held" : ""}`}
      role="application"
      aria-label="Places of the picture: arrows move, Escape lets go"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application is worked with by the keyboard
      tabIndex={0}
      style={{ aspectRatio: ratio }}
      onPointerDown={(event) => {
        // A second finger is on its way to enlarge the page.
        if (!look.hand.peek() || !event.isPrimary) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        hold(store, placeOf(event));
      }}
      onPointerMove={(event) => {
        if (!event.isPrimary) return;
        const place = placeOf(event);
        if (look.hand.peek() && event.buttons > 0) hold(store, place);
        look.hover.value = place;
      }}
      onPointerLeave={() => {
        look.hover.value = null;
      }}
      onClick={click}
      onKeyDown={onKeyDown}
      {...OWN_KEYS}
    >
      {children}
    </div>
  );
}
