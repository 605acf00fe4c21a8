import { isPinned } from "../places";
import { useView } from "./context";
import { OWN_KEYS } from "./controls";
import { pin } from "./keys";

/** Pins the chosen unit, or takes its pin away. */
export function PinButton() {
  const view = useView();
  const { traits, unit } = view.store;
  if (!unit.value) return null;
  const pinned = isPinned(traits.pins.value, unit.value);
  return (
    <button
      type="button"
      class="button quiet star"
      aria-pressed={pinned}
      aria-label="Pinned"
      title={pinned ? "Take the pin away (p)" : "Pin this unit (p)"}
      onClick={() => pin(view, unit.value)}
      {...OWN_KEYS}
    >
      {pinned ? "★" : "☆"}
    </button>
  );
}
