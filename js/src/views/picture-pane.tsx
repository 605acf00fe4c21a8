/** The picture with what is laid over it, and the choice of what that is. */
import { useComputed } from "@preact/signals";
import { colourMaps } from "../draw/colour";
import { currentField } from "../fields";
import type { OverlayMode } from "../store";
import { ClassChoice } from "./class-choice";
import { ClassMethod, ClassParameters } from "./class-method";
import { useStore } from "./context";
import { Segments, Select, Slider } from "./controls";
import { HandScores, HandTool } from "./hand";
import { Here } from "./here";
import { ImageStrip } from "./image-strip";
import { Notice, Panel, usePaintLog } from "./panel";
import { Caption, FieldLegend, isField, Readout, Stage } from "./picture-stage";

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
  const base = usePaintLog();
  const over = usePaintLog();
  const mode = local.mode.value;
  const field = useComputed(() => currentField(store)).value;
  const overSlot = {
    class: slots.overlay,
    unit: slots.maps,
    projection: slots.projection,
    group: slots.groups,
    none: slots.picture,
  }[mode];
  const offered = modes.filter((name) => name !== "group" || local.grid.group.value !== null);
  // A picture that is missing is the graver news than what should lie over it.
  const troubled = ["failed", "queued", "unrecorded"].includes(slots.picture.state.value);
  return (
    <>
      <ImageStrip />
      <Panel name="picture" label="Picture" slot={slots.picture} log={base} class="sided">
        <Panel name="overlay" label="Overlay" slot={overSlot} log={over}>
          <Stage
            store={store}
            field={field}
            token={overSlot.shown.value}
            notice={<Notice slot={troubled ? slots.picture : overSlot} />}
            onPainted={(key, peeking) => {
              const shown = slots.picture.shown.peek();
              base.painted(shown, shown?.result.key ?? "");
              if (peeking) over.passed(overSlot.shown.peek());
              else over.painted(overSlot.shown.peek(), key);
            }}
          />
          <Caption store={store} field={field} />
          <div class="under">
            {isField(field) && <FieldLegend store={store} field={field} />}
            <Readout store={store} field={field} />
          </div>
          {local.look.hand.value ? <HandScores /> : store.panels.includes("maps") && <Here />}
        </Panel>
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
            <HandTool />
          </div>
          {mode === "class" && <ClassParameters />}
          <ClassChoice />
        </div>
      </Panel>
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
