/** What is dreamt of, and how: layer, unit or class, a guide, octaves, steps, strength, size, seed. */
import type { DreamAim, DreamSettings } from "../dreaming";
import { dreamTarget, dreamtClass } from "../dreaming";
import { className } from "../wants";
import { useStore } from "./context";
import { Button, NumberField, Segments, Select } from "./controls";
import { LayerChoice } from "./layer-choice";
import { UnitField } from "./unit-field";

const AIMS: readonly { value: DreamAim; label: string; title: string }[] = [
  { value: "layer", label: "layer", title: "More of whatever the layer sees" },
  { value: "unit", label: "unit", title: "More of what excites one channel" },
  { value: "class", label: "class", title: "More of what speaks for a class" },
];

const MOST_CLASSES = 2000;

export function DreamSettingsBar() {
  const store = useStore();
  const { dreaming, slots } = store;
  const slot = slots.dream;
  const { octaves, steps, strength, size, seed } = dreaming.settings.value;
  const set = (change: Partial<DreamSettings>) => {
    dreaming.settings.value = { ...dreaming.settings.value, ...change };
  };
  const aims = store.traits._network.value.classes > 0 ? AIMS : AIMS.slice(0, 2);
  return (
    <>
      <div class="toolbar">
        <Segments
          label="Dream of"
          options={aims}
          value={dreaming.aim.value}
          onChange={(aim) => {
            dreaming.aim.value = aim;
          }}
        />
        <AimField />
      </div>
      <div class="toolbar params" role="group" aria-label="Settings of the dream">
        <NumberField label="octaves" value={octaves} min={1} max={12} onChange={(n) => set({ octaves: n })} />
        <NumberField label="steps" value={steps} min={1} max={500} onChange={(n) => set({ steps: n })} />
        <NumberField
          label="strength"
          value={strength}
          min={0.1}
          max={50}
          whole={false}
          onChange={(n) => set({ strength: n })}
        />
        <NumberField
          label="longer side"
          value={size}
          min={8}
          max={1600}
          unset="own"
          onChange={(n) => set({ size: n })}
        />
        <NumberField label="seed" value={seed} min={0} max={999999} onChange={(n) => set({ seed: n })} />
        <StartStop
          slot={slot}
          disabled={!dreamTarget(store)}
          onStart={() => store.startDream()}
          label="Dream"
        />
      </div>
    </>
  );
}

interface StartStopProps {
  slot: { state: { value: string }; stop(): void };
  disabled?: boolean;
  label: string;
  onStart: () => void;
}

export function StartStop({ slot, disabled = false, label, onStart }: StartStopProps) {
  const running = slot.state.value === "computing" || slot.state.value === "queued";
  return running ? (
    <Button kind="primary" onClick={() => slot.stop()}>
      Stop
    </Button>
  ) : (
    <Button kind="primary" disabled={disabled} onClick={onStart}>
      {label}
    </Button>
  );
}

function AimField() {
  const store = useStore();
  const { dreaming, traits } = store;
  if (dreaming.aim.value === "unit") return <UnitField store={store} />;
  if (dreaming.aim.value === "class") return <ClassField />;
  return (
    <>
      <LayerChoice />
      {traits._images.value.length > 1 && <GuideField />}
    </>
  );
}

function GuideField() {
  const { dreaming, traits } = useStore();
  const known = traits._images.value.some(({ key }) => key === dreaming.guide.value);
  return (
    <Select
      label="guided by"
      options={[
        { value: "", label: "nothing" },
        ...traits._images.value.map(({ key, name }) => ({ value: key, label: name })),
      ]}
      value={known ? (dreaming.guide.value ?? "") : ""}
      onChange={(key) => {
        dreaming.guide.value = key || null;
      }}
    />
  );
}

function ClassField() {
  const store = useStore();
  const chosen = dreamtClass(store);
  const classes = Math.min(store.traits._network.value.classes, MOST_CLASSES);
  return (
    <Select
      label="class"
      options={Array.from({ length: classes }, (_, i) => ({ value: String(i), label: className(store, i) }))}
      value={chosen === null ? "" : String(chosen)}
      onChange={(index) => store.setTraits({ target: Number(index) })}
    />
  );
}
