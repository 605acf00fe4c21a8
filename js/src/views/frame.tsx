/** What surrounds the panels: the head line, banners about the kernel, the status line, help, announcements. */
import { useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { duration } from "../format";
import type { AnySlot } from "../slot";
import type { Store } from "../store";
import { useStore, useView } from "./context";
import { Button } from "./controls";

const every = (store: Store): AnySlot[] => Object.values(store.slots);

export function Header() {
  const { store, help } = useView();
  const { name, device, notes = [] } = store.traits._network.value;
  const busy = every(store).some((slot) => slot.state.value === "computing");
  const link = store.transport.link.value;
  const rest = store.traits._holds.value ? "recording" : "idle";
  const status = link === "live" ? (busy ? "computing" : rest) : LINKS[link];
  return (
    <div class="head" role="group" aria-label="Network">
      <strong>{name}</strong>
      <span class="muted">{device}</span>
      <span class={`status ${link}`}>{status}</span>
      <span class="notes muted" title={notes.join("\n")}>
        {notes.join(" ")}
      </span>
      <Button
        label="Keys (?)"
        onClick={() => {
          help.value = true;
        }}
      >
        ?
      </Button>
    </div>
  );
}

const LINKS = { connecting: "connecting", busy: "kernel busy", gone: "no kernel" };

/** What the person must know before trusting the pictures. */
export function Banner() {
  const store = useStore();
  const link = store.transport.link.value;
  if (link === "gone") {
    const reason = store.transport.welcomed ? "The kernel was restarted" : "No kernel is connected";
    return (
      <p class="banner" role="alert">
        {reason}: run the cell again.
      </p>
    );
  }
  if (link === "busy") return <p class="banner">Kernel busy: queued behind the running cell.</p>;
  if (!store.outdated.value) return null;
  return (
    <p class="banner" role="alert">
      The network's weights changed since these pictures were computed.{" "}
      <Button onClick={store.refresh}>Compute again</Button>
    </p>
  );
}

/** The newest finished operation, and what is running with the means to stop it. */
export function Footer() {
  const store = useStore();
  const done = store.finished.value;
  const running = every(store).find((slot) => slot.progress.value);
  const progress = running?.progress.value;
  const { status, last_error } = store.traits;
  const told = every(store).some((slot) => slot.state.value === "failed");
  return (
    <div class="foot" role="group" aria-label="Status">
      {done && <span>{`${done.title} · ${done.cached ? "cached" : duration(done.ms)}`}</span>}
      {status.value === "failed" && last_error.value && !told && (
        <span class="fault">{last_error.value}</span>
      )}
      <span class="spring" />
      {running && progress && (
        <>
          <span class="muted">{progress.message || `${progress.step} of ${progress.steps}`}</span>
          <progress max={Math.max(1, progress.steps)} value={progress.step} />
          <Button kind="quiet" onClick={() => running.stop()}>
            stop
          </Button>
        </>
      )}
    </div>
  );
}

const NAMES: Record<AnySlot["name"], string> = {
  picture: "picture",
  thumbnails: "thumbnails",
  maps: "channels",
  overlay: "heat map",
  projection: "projection",
  excites: "what excites the unit",
  gallery: "what excites the layer's units",
  filters: "filters",
  survey: "shares of the map",
  census: "shares of the map",
  contributions: "contributions to the class",
  groups: "groups",
  original: "picture",
  dream: "dream",
  inversion: "inversion",
};

/** Speaks of what finished, failed or waits; progress alone is not worth interrupting for. */
export function Announcer() {
  const store = useStore();
  const words = useComputed(() => {
    for (const slot of every(store)) {
      if (slot.state.value === "queued") return "Kernel busy: queued behind the running cell.";
      if (slot.state.value === "failed")
        return `${NAMES[slot.name]} failed: ${slot.failure.value?.message ?? ""}`;
    }
    const done = store.finished.value;
    return done ? `${done.title} is ready.` : "";
  });
  return (
    <p class="unseen" role="status" aria-live="polite">
      {words}
    </p>
  );
}

const KEYS: readonly [string, string][] = [
  ["arrows, Page, Home, End", "move in the grid"],
  ["Enter", "choose the unit; once chosen, start what excites it"],
  ["u  o", "previous, next layer"],
  ["b", "next projection method"],
  ["Esc", "stop what is running"],
  ["?", "this help"],
];

export function Help() {
  const { help } = useView();
  const close = () => {
    help.value = false;
  };
  const dialog = useRef<HTMLDivElement>(null);
  const open = help.value;
  useEffect(() => {
    if (!open) return;
    const root = dialog.current?.getRootNode() as ShadowRoot | undefined;
    const before = root?.activeElement as HTMLElement | null;
    dialog.current?.querySelector("button")?.focus();
    return () => before?.focus();
  }, [open]);
  if (!open) return null;
  return (
    <div class="help" ref={dialog} role="dialog" aria-modal="true" aria-label="Keys">
      <h3>Keys</h3>
      <dl>
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        Hovering a channel shows its map over the picture; clicking locks it. With “unit” over the picture,
        clicking the picture picks one neuron. ✦ beside a class draws what excites it.
      </p>
      <Button onClick={close}>Close</Button>
    </div>
  );
}
