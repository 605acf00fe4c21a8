/** Any unit by its written name. */
import { useSignal } from "@preact/signals";
import { parseUnit } from "../address";
import { faultOfUnit } from "../places";
import type { Store } from "../store";
import { OWN_KEYS, onEnter } from "./controls";

export function UnitField({ store }: { store: Store }) {
  const fault = useSignal<string | null>(null);
  const take = (event: Event) => {
    const written = (event.currentTarget as HTMLInputElement).value;
    fault.value = faultOfUnit(store, written);
    const unit = parseUnit(written);
    if (!fault.value && unit) store.lock(unit);
  };
  return (
    <div class="unit-field">
      <input
        type="text"
        class="code"
        aria-label="Unit"
        aria-invalid={fault.value !== null}
        spellcheck={false}
        placeholder="layer:unit"
        value={store.traits.unit.value}
        onChange={take}
        onKeyDown={onEnter(take)}
        {...OWN_KEYS}
      />
      {fault.value && (
        <p class="fault" role="alert">
          {fault.value}
        </p>
      )}
    </div>
  );
}
