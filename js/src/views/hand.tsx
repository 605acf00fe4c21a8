/** Occlusion by hand: a window that a person moves over the picture, and what the network still says. */
import { useEffect } from "preact/hooks";
import { percent, short } from "../format";
import type { Occluded } from "../protocol";
import { useStore } from "./context";
import { Button, Select, Slider } from "./controls";
import { Notice, Panel, usePaintLog } from "./panel";

const FILLS = ["grey", "black", "blurred"] as const;

/** The switch, and while it is on the window's size and what it is filled with. */
export function HandTool() {
  const { look } = useStore().local;
  const hand = look.hand.value;
  return (
    <>
      <Button
        label="Cover a part of the picture by hand and see what the network still says"
        pressed={hand !== null}
        onClick={() => {
          look.hand.value = hand ? null : { y: 0.5, x: 0.5, size: 0.25, fill: "grey" };
        }}
      >
        cover
      </Button>
      {hand && (
        <>
          <Slider
            label="window"
            value={hand.size}
            onChange={(size) => {
              look.hand.value = { ...hand, size: Math.max(0.05, size) };
            }}
          />
          <Select
            label="with"
            options={FILLS.map((value) => ({ value, label: value }))}
            value={hand.fill}
            onChange={(fill) => {
              look.hand.value = { ...hand, fill };
            }}
          />
        </>
      )}
    </>
  );
}

/** The scores with the window beside those without it. */
export function HandScores() {
  const { slots } = useStore();
  const log = usePaintLog();
  const shown = slots.occlude.shown.value;
  useEffect(() => {
    if (shown) log.painted(shown, JSON.stringify(shown.meta));
  }, [shown, log.painted]);
  return (
    <Panel name="occlude" label="Occlusion by hand" slot={slots.occlude} log={log} class="covered">
      <p class="muted">
        Drag the window over the picture, or move it by the arrows; + and − change its size.
      </p>
      <ul aria-label="Classes with the window">
        {shown?.meta.classes.map((one) => (
          <Score key={one.index} {...one} />
        ))}
      </ul>
      <Notice slot={slots.occlude} />
    </Panel>
  );
}

function Score({ label, probability, logit, before }: Occluded) {
  return (
    <li
      class="class-bar"
      title={`${label}: logit ${short(before.logit)} → ${short(logit)}`}
      data-change={probability - before.probability}
    >
      <span class="fill" style={{ width: `${100 * probability}%` }} />
      <span class="was" style={{ left: `${100 * before.probability}%` }} />
      <span class="name">{label}</span>
      <span class="number">
        {percent(before.probability)} → <b>{percent(probability)}</b>
      </span>
    </li>
  );
}
