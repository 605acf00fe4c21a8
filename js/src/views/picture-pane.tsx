/** The picture with what is laid over it, and the choice of what that is. */
import { useComputed } from "@preact/signals";
import { bothFields, sideName } from "../beside";
import { overlayCode } from "../code";
import { colourMaps } from "../draw/colour";
import { chosenMap, currentField, type Field, isField, type Silence } from "../fields";
import type { OverlayMode } from "../local";
import { ClassChoice } from "./class-choice";
import { ClassMethod, ClassParameters } from "./class-method";
import { CompareChoice, OtherSide } from "./compare";
import { useStore } from "./context";
import { Segments, Select, Slider } from "./controls";
import { HandScores, HandTool } from "./hand";
import { Here } from "./here";
import { ImageStrip } from "./image-strip";
import { Panel, usePaintLog } from "./panel";
import { Caption, FieldLegend, Readout } from "./picture-stage";
import { Side, slotOver } from "./side";
import { Snippet } from "./snippet";

interface Props {
  /** Modes that this view offers beside the class heat map. */
  modes: readonly OverlayMode[];
}

const MODES = {
  class: { value: "class", label: "class", title: "Where the evidence for a class lies" },
  unit: { value: "unit", label: "unit", title: "Where the chosen unit is active" },
  projection: { value: "projection", label: "why", title: "What made the chosen unit fire" },
  group: { value: "group", label: "group", title: "Where the chosen group of units is present" },
  none: { value: "none", label: "picture", title: "The picture alone" },
} as const;

export function PicturePane({ modes }: Props) {
  const store = useStore();
  const { local, slots } = store;
  const [base, over] = [usePaintLog(), usePaintLog()];
  const mode = local.mode.value;
  const compares = local.look.contrast.value !== null;
  const [field, other] = useComputed(() => bothFields(store)).value;
  const offered = modes.filter((name) => name !== "group" || local.grid.group.value !== null);
  return (
    <>
      <ImageStrip />
      <Panel name="picture" label="Picture" slot={slots.picture} log={base} class="sided">
        <div class={compares ? "compared" : ""}>
          <Panel name="overlay" label="Overlay" slot={slotOver(store)} log={over}>
            {compares && <h4>{sideName(store)}</h4>}
            <Side store={store} field={field} base={base} over={over} />
            {/* Right below the picture: a unit that is peeked at from here must not move its own button. */}
            {local.look.hand.value ? <HandScores /> : store.panels.includes("maps") && <Here />}
            <Caption store={store} field={field} />
            <div class="under">
              <Legends fields={compares ? [field, other] : [field]} />
              <Readout store={store} field={field} />
            </div>
            {mode === "class" && !compares && <Reproduced />}
          </Panel>
          {compares && <OtherSide field={other} />}
        </div>
        <div class="side">
          <div class="toolbar">
            <Segments
              label="Laid over the picture"
              options={offered.map((name) => MODES[name])}
              value={mode}
              onChange={(chosen) => {
                local.mode.value = chosen;
              }}
            />
            {mode === "class" && <ClassMethod />}
          </div>
          {mode === "class" && <ClassParameters />}
          <ClassChoice />
          <div class="toolbar">
            {mode !== "none" && (
              <Slider
                label="opacity"
                value={local.opacity.value}
                onChange={(opacity) => {
                  local.opacity.value = opacity;
                }}
              />
            )}
            {mode !== "none" && (
              <Slider
                label="threshold"
                value={local.look.threshold.value}
                onChange={(threshold) => {
                  local.look.threshold.value = threshold;
                }}
              />
            )}
            <ColourChoice />
          </div>
          <div class="toolbar">
            <HandTool />
            <CompareChoice />
          </div>
        </div>
      </Panel>
    </>
  );
}

/** The heat map in Python, once it is finished. */
function Reproduced() {
  const store = useStore();
  const chosen = chosenMap(store);
  if (!chosen || chosen.of.reached) return null;
  const { meta, want } = chosen.of;
  const info = store.traits._methods.value.find(({ name }) => name === want.args.method);
  return <Snippet code={overlayCode(want.args, meta, chosen.index, info?.layer ?? false)} />;
}

/** One legend where both sides are on one scale, else one for each that there is. */
function Legends({ fields }: { fields: readonly (Field | Silence | null)[] }) {
  const store = useStore();
  const shown = fields.filter(isField);
  const scales = new Map(shown.map((field) => [`${field.kind} ${JSON.stringify(field.domain)}`, field]));
  return (
    <>
      {[...scales.values()].map((field, i) => (
        // By its place: a legend of another scale is the same elements with other words, which hovering asks for.
        <FieldLegend key={i} store={store} field={field} />
      ))}
    </>
  );
}

/** Offered where something unsigned is shown; signed numbers have their one diverging map. */
function ColourChoice() {
  const store = useStore();
  const { local, slots } = store;
  const maps = slots.maps.shown.value;
  const over = useComputed(() => currentField(store)).value;
  if (!(isField(over) && !over.signed) && !(maps && maps.meta.lo >= 0)) return null;
  return (
    <Select
      label="colours"
      options={colourMaps(false).map((name) => ({ value: name, label: name }))}
      value={local.colormap.value}
      onChange={(name) => {
        local.colormap.value = name;
      }}
    />
  );
}
