/** Activation maximisation, live: a picture that the unit answers to, step by step, and afterwards as a film. */
import { asksAnother } from "../beside";
import { aimName, synthesis, synthesisTarget } from "../wants";
import { AimChoice } from "./aim";
import { useStore } from "./context";
import { Button, NumberField, Select } from "./controls";
import { type Painted, Played, useShowing } from "./film";
import { InBoth } from "./in-both";
import { Notice, Panel, usePaintLog } from "./panel";

const AUTOMATIC = { value: "", label: "automatic" };

export function Excites() {
  const store = useStore();
  const { slots, local, traits, startSynthesis } = store;
  const log = usePaintLog();
  const slot = slots.excites;
  const asked = asksAnother(store) ? [slot, slots.excites_b] : [slot];
  const running = asked.some(({ state }) => state.value === "computing" || state.value === "queued");
  const { steps, seed, param } = local.synthesis.value;
  const lacking = store.lacks(synthesis(store));
  const set = (change: Partial<typeof local.synthesis.value>) => {
    local.synthesis.value = { ...local.synthesis.value, ...change };
  };
  return (
    <Panel name="excites" label="What excites it" slot={slot} log={log}>
      <div class="bar-line">
        <h4>What excites it</h4>
        <NumberField label="steps" value={steps} min={1} max={4096} onChange={(n) => set({ steps: n })} />
        <NumberField label="seed" value={seed} min={0} max={999999} onChange={(n) => set({ seed: n })} />
        <Select
          label="image"
          options={[
            AUTOMATIC,
            ...traits._network.value.parametrisations.map((name) => ({ value: name, label: name })),
          ]}
          value={param ?? ""}
          onChange={(name) => set({ param: name || null })}
        />
        {running ? (
          <Button kind="primary" onClick={() => asked.map((one) => one.stop())}>
            Stop
          </Button>
        ) : (
          <Button kind="primary" disabled={!synthesisTarget(store) || lacking} onClick={startSynthesis}>
            Start
          </Button>
        )}
      </div>
      <AimChoice />
      <InBoth name="excites_b" label="What excites it in the other network">
        {(other) => <Stage painted={(other ?? log).painted} />}
      </InBoth>
    </Panel>
  );
}

function Stage({ painted }: { painted: Painted }) {
  const store = useStore();
  const showing = useShowing();
  const target = synthesisTarget(store);
  const lacking = store.lacks(synthesis(store));
  return (
    <>
      {showing ? (
        // Another search begins at its own end.
        <Played key={showing.finished ? showing.key : "live"} showing={showing} painted={painted} />
      ) : (
        <figure class="stage">
          <div class="empty">
            {target && !lacking && `Start draws a picture that excites ${aimName(store, target)}.`}
          </div>
          <Notice slot={store.slots.excites} />
        </figure>
      )}
    </>
  );
}
