/** A panel says what state it is in: to the eye, to assistive tools, and to tests by `data-state` and `data-seq`. */
import { computed, type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { SlotName } from "../protocol";
import type { AnySlot, PanelState } from "../slot";
import { useStore } from "./context";
import { Button } from "./controls";

/** What a panel has painted so far. */
export interface PaintLog {
  /** Raised after each painting of new content; undefined before the first. */
  seq: Signal<number | undefined>;
  /** The answer that the newest painting shows. */
  source: Signal<unknown>;
  painted: (source: unknown, key: string) => void;
  /** Painted, but something passing: no new content of this panel. */
  passed: (source: unknown) => void;
}

export function usePaintLog(): PaintLog {
  const seq = useSignal<number | undefined>(undefined);
  const source = useSignal<unknown>(null);
  const last = useRef("");
  const painted = (shown: unknown, key: string) => {
    source.value = shown;
    if (key === last.current) return;
    last.current = key;
    seq.value = (seq.peek() ?? 0) + 1;
  };
  const passed = (shown: unknown) => {
    source.value = shown;
  };
  return { seq, source, painted, passed };
}

interface Props {
  name: SlotName;
  label: string;
  slot: AnySlot;
  log: PaintLog;
  class?: string;
  children: ComponentChildren;
}

/** An answer counts as shown only once it is painted. The slot may be another one from time to time. */
function useShownState(slot: AnySlot, { source }: PaintLog): ReadonlySignal<PanelState> {
  return useMemo(
    () =>
      computed(() => {
        const waits = slot.state.value === "ready" && slot.shown.value && source.value !== slot.shown.value;
        return waits && !slot.frame.value ? "computing" : slot.state.value;
      }),
    [slot, source],
  );
}

export function Panel({ name, label, slot, log, class: extra = "", children }: Props) {
  const state = useShownState(slot, log).value;
  const busy = state === "computing" || state === "queued";
  // Absent only while a first painting is awaited: whoever waits for the number then waits for that.
  const seq = log.seq.value ?? (busy ? undefined : 0);
  return (
    <div
      class={`panel ${extra}`}
      role="group"
      data-panel={name}
      data-state={state}
      data-seq={seq}
      data-partial={slot.frame.value ? true : undefined}
      aria-label={label}
      aria-busy={busy}
    >
      {children}
    </div>
  );
}

/** Lies over a panel's picture: progress, waiting, being out of date, or the reason of a failure. */
export function Notice({ slot }: { slot: AnySlot }) {
  const state = slot.state.value;
  const progress = slot.progress.value;
  const failure = slot.failure.value;
  if (state === "computing") return <Bar step={progress?.step ?? 0} steps={progress?.steps ?? 0} />;
  if (state === "queued") return <p class="notice">Kernel busy: queued behind the running cell.</p>;
  if (state === "stale") return <Stale slot={slot} />;
  if (state === "ready" && slot.frame.value && slot.name === "overlay") return <Stopped slot={slot} />;
  if (state === "unrecorded") {
    return <p class="notice">{failure?.message || "Not computed in this recording."}</p>;
  }
  if (state !== "failed" || !failure) return null;
  // Asked again it would say the same, and nothing went wrong: the sentence names the way out.
  if (failure.kind === "NotDefined") {
    return (
      <p class="notice" role="status">
        {failure.message}
      </p>
    );
  }
  return (
    <div class="notice failure" role="alert">
      <p>{failure.message}</p>
      {failure.traceback && (
        <details>
          <summary data-lm-suppress-shortcuts="true">{failure.kind}</summary>
          <pre>{failure.traceback}</pre>
        </details>
      )}
      <Button onClick={() => slot.retry()}>Retry</Button>
    </div>
  );
}

/** What was shown on the way stays, and says in its caption how far it got. */
function Stopped({ slot }: { slot: AnySlot }) {
  return (
    <p class="notice chip">
      stopped on the way
      <Button kind="quiet" onClick={() => slot.retry()}>
        compute again
      </Button>
    </p>
  );
}

function Stale({ slot }: { slot: AnySlot }) {
  const { transport, outdated } = useStore();
  if (transport.link.value === "gone") return <p class="notice chip">stale: no kernel</p>;
  return (
    <p class="notice chip">
      {outdated.value ? "stale: the weights changed" : "stale: the newer one was stopped"}
      <Button kind="quiet" onClick={() => slot.retry()}>
        compute again
      </Button>
    </p>
  );
}

function Bar({ step, steps }: { step: number; steps: number }) {
  if (steps === 0) return <div class="bar unknown" role="progressbar" aria-label="computing" />;
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label="computing"
      aria-valuenow={step}
      aria-valuemin={0}
      aria-valuemax={steps}
    >
      <div style={{ width: `${(100 * step) / steps}%` }} />
    </div>
  );
}
