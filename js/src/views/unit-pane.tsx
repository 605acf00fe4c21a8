/** One unit: why it fires on this picture, and what excites it in general. */
import { useSignal } from "@preact/signals";
import { formatUnit, parseUnit } from "../address";
import { faultOfUnit } from "../places";
import type { Store } from "../store";
import { useStore } from "./context";
import { OWN_KEYS, onEnter } from "./controls";
import { Excites } from "./excites";
import { PinButton } from "./pin-button";
import { Projection } from "./projection";

export function UnitPane() {
  const store = useStore();
  return (
    <>
      <div class="bar-line one">
        <PinButton />
        <UnitTitle />
        <UnitField store={store} />
      </div>
      <div class="pair">
        <Projection />
        <Excites />
      </div>
    </>
  );
}

function UnitTitle() {
  const store = useStore();
  const unit = store.unit.value;
  if (!unit) return <h3>no unit chosen</h3>;
  const layer = store.traits._network.value.layers.find(({ name }) => name === unit.layer);
  return (
    <h3 title={formatUnit(unit)}>
      unit {unit.channel}
      {layer && <span class="muted"> of {layer.channels}</span>}
      {unit.position && <span class="muted"> at {unit.position.join(",")}</span>}
    </h3>
  );
}

/** Any unit by its written name. */
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
