/** One unit: why it fires on this picture, and what excites it in general. */
import { formatUnit } from "../address";
import { useStore } from "./context";
import { Button } from "./controls";
import { Excites } from "./excites";
import { Interaction } from "./interaction";
import { Neighbours } from "./neighbours";
import { Patches } from "./patches";
import { PinButton } from "./pin-button";
import { Projection } from "./projection";
import { UnitField } from "./unit-field";

export function UnitPane() {
  const store = useStore();
  return (
    <>
      <div class="bar-line one">
        <Back />
        <PinButton />
        <UnitTitle />
        <UnitField store={store} />
      </div>
      <div class="pair">
        <Projection />
        <Excites />
      </div>
      <Patches />
      <Neighbours />
      <Interaction />
    </>
  );
}

/** To the unit that was locked before. */
function Back() {
  const { trail } = useStore();
  const before = trail.before.value;
  const unit = before[before.length - 1];
  return (
    <Button
      kind="quiet"
      label={unit ? `Back to ${unit} (Backspace)` : "No unit was locked before"}
      disabled={!unit}
      onClick={() => trail.back()}
    >
      ←
    </Button>
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
