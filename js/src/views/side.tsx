/** One side of what is looked at: the picture with what lies over it, and the state that both are in. */
import type { Field, Silence } from "../fields";
import type { AnySlot } from "../slot";
import type { Store } from "../store";
import { Notice, type PaintLog } from "./panel";
import { Stage } from "./picture-stage";

/** Whose answer lies over the picture. */
export function slotOver({ slots, local }: Store): AnySlot {
  return {
    class: slots.overlay,
    unit: slots.maps,
    projection: slots.projection,
    group: slots.groups,
    none: slots.picture,
  }[local.mode.value];
}

interface Props {
  store: Store;
  field: Field | Silence | null;
  base: PaintLog;
  over: PaintLog;
}

export function Side({ store, field, base, over }: Props) {
  const { picture } = store.slots;
  const slot = slotOver(store);
  // A picture that is missing is the graver news than what should lie over it.
  const troubled = ["failed", "queued", "unrecorded"].includes(picture.state.value);
  return (
    <Stage
      store={store}
      field={field}
      token={slot.shown.value}
      notice={<Notice slot={troubled ? picture : slot} />}
      onPainted={(key, peeking) => {
        const shown = picture.shown.peek();
        base.painted(shown, shown?.result.key ?? "");
        if (peeking) over.passed(slot.shown.peek());
        else over.painted(slot.shown.peek(), key);
      }}
    />
  );
}
