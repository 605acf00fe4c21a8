/** Compare: what is exchanged on the other side, and for what. */
import { type Contrast, sideName } from "../beside";
import type { Field, Silence } from "../fields";
import { percent } from "../format";
import { faultOfUnit } from "../places";
import type { Store } from "../store";
import { className, predictions } from "../wants";
import { ClassSearch } from "./class-choice";
import { useStore } from "./context";
import { Button, OWN_KEYS, onEnter, Select } from "./controls";
import { Panel, usePaintLog } from "./panel";
import { Caption, Readout } from "./picture-stage";
import { Side, slotOver } from "./side";

const CONTRASTS: Record<Contrast, string> = {
  picture: "another picture",
  class: "another class",
  unit: "another unit",
  network: "the other network",
};

export function CompareChoice() {
  const { traits, local, panels } = useStore();
  const { look, mode } = local;
  const offered = (Object.keys(CONTRASTS) as Contrast[]).filter(
    (what) =>
      (what !== "picture" || traits._images.value.length > 1) &&
      (what !== "network" || traits._beside.value !== null) &&
      (what !== "class" || traits._network.value.classes > 1) &&
      (what !== "unit" || (traits.unit.value !== "" && panels.includes("maps"))),
  );
  const choose = (what: Contrast | "") => {
    look.contrast.value = what || null;
    // The chosen unit stays on the other side while others are clicked.
    if (what === "unit") look.other.unit.value = traits.unit.peek();
    if (what === "class" || (what === "unit" && mode.peek() === "class")) mode.value = what;
  };
  return (
    <>
      <Select
        label="compare with"
        options={[
          { value: "", label: "nothing" },
          ...offered.map((what) => ({ value: what, label: CONTRASTS[what] })),
        ]}
        value={look.contrast.value ?? ""}
        onChange={choose}
      />
      <OtherChoice />
    </>
  );
}

/** Which picture, class or unit the other side shows. */
function OtherChoice() {
  const store = useStore();
  const { contrast, other } = store.local.look;
  const images = store.traits._images.value;
  if (contrast.value === "picture") {
    return (
      <Select
        label="picture"
        options={images.map(({ name }, i) => ({ value: String(i), label: name }))}
        value={String(store.beside().traits.image_index.value)}
        onChange={(image) => {
          other.image.value = Number(image);
        }}
      />
    );
  }
  if (contrast.value === "class") return <OtherClass />;
  if (contrast.value === "unit") return <OtherUnit />;
  const notes = contrast.value === "network" ? (store.traits._beside.value?.notes ?? []) : [];
  return notes.length > 0 ? <p class="note">{notes.join(" ")}</p> : null;
}

function OtherClass() {
  const store = useStore();
  const { other } = store.local.look;
  const chosen = store.beside().traits.target.value;
  const known = predictions(store)?.map(({ index }) => index) ?? [];
  const among = chosen === null || known.includes(chosen) ? known : [...known, chosen];
  const choose = (index: number) => {
    other.target.value = index;
  };
  return (
    <>
      <Select
        label="class"
        options={among.map((index) => ({ value: String(index), label: className(store, index) }))}
        value={String(chosen ?? "")}
        onChange={(index) => choose(Number(index))}
      />
      <ClassSearch words="Against any of" onChoose={choose} />
    </>
  );
}

function OtherUnit() {
  const store = useStore();
  const { traits, local } = store;
  const { other } = local.look;
  const fault = faultOfUnit(store, other.unit.value);
  const take = (event: Event) => {
    other.unit.value = (event.currentTarget as HTMLInputElement).value.trim();
  };
  return (
    <>
      <input
        type="text"
        class="code"
        aria-label="Unit to compare with"
        aria-invalid={fault !== null}
        spellcheck={false}
        value={other.unit.value}
        onChange={take}
        onKeyDown={onEnter(take)}
        {...OWN_KEYS}
      />
      <Button
        label="Compare with the unit that is chosen now"
        onClick={() => {
          other.unit.value = traits.unit.peek();
        }}
      >
        the chosen one
      </Button>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}

/** The picture on the other side, its own state with it. */
export function OtherSide({ field }: { field: Field | Silence | null }) {
  const side = useStore().beside();
  const [base, over] = [usePaintLog(), usePaintLog()];
  return (
    <Panel name="picture_b" label="The other side" slot={side.slots.picture} log={base}>
      <Panel name="overlay_b" label="Overlay of the other side" slot={slotOver(side)} log={over}>
        <h4>{sideName(side)}</h4>
        <Side store={side} field={field} base={base} over={over} />
        <Caption store={side} field={field} />
        <Readout store={side} field={field} />
        <OtherClasses side={side} />
      </Panel>
    </Panel>
  );
}

/** What the network says of the other picture, or the other network of the same. */
function OtherClasses({ side }: { side: Store }) {
  const told = ["picture", "network"].includes(side.local.look.contrast.value ?? "");
  const strongest = (told && predictions(side)?.slice(0, 3)) || [];
  if (strongest.length === 0) return null;
  const words = strongest.map(({ label, probability }) => `${label} ${percent(probability)}`);
  return <p class="note">{words.join(" · ")}</p>;
}
