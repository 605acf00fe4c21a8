/** What surrounds the panels: the head line, banners about the kernel, the status line, help, announcements. */
import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { duration } from "../format";
import type { AnySlot } from "../slot";
import type { Store } from "../store";
import { type DialogName, useStore, useView } from "./context";
import { Button } from "./controls";
import { Find } from "./find-field";

const every = (store: Store): AnySlot[] => Object.values(store.slots);

export function Header() {
  const { store } = useView();
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
      <Find />
      <Opener name="places" label="Pins and bookmarks">
        ★ {store.traits.pins.value.length || ""}
      </Opener>
      <Opener name="share" label="Share">
        share
      </Opener>
      <FullScreen />
      <Opener name="keys" label="Keys (?)">
        ?
      </Opener>
    </div>
  );
}

interface OpenerProps {
  name: DialogName;
  label: string;
  children: ComponentChildren;
}

function Opener({ name, label, children }: OpenerProps) {
  const { dialog } = useView();
  return (
    <Button
      label={label}
      onClick={() => {
        dialog.value = dialog.peek() === name ? null : name;
      }}
    >
      {children}
    </Button>
  );
}

/** The view alone on the screen; Esc leads back. Not offered where the host forbids it. */
function FullScreen() {
  const { host } = useView();
  if (!document.fullscreenEnabled) return null;
  const toggle = () => (host.matches(":fullscreen") ? document.exitFullscreen() : host.requestFullscreen());
  return (
    <Button label="Full screen" onClick={toggle}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d="M1 4V1h3M8 1h3v3M11 8v3H8M4 11H1V8" fill="none" stroke="currentColor" stroke-width="1.5" />
      </svg>
    </Button>
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
  const { store, said } = useView();
  const done = store.finished.value;
  const running = every(store).find((slot) => slot.progress.value);
  const progress = running?.progress.value;
  const { status, last_error } = store.traits;
  // What a panel said itself is not said again, nor kept when one has turned to something else.
  const told = last_error.value === store.failed.value;
  const newest = said.value?.fault || said.value?.after === done ? said.value : null;
  return (
    <div class="foot" role="group" aria-label="Status">
      {newest && <span class={newest.fault ? "fault" : ""}>{newest.text}</span>}
      {done && !newest && <span>{`${done.title} · ${done.cached ? "cached" : duration(done.ms)}`}</span>}
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
  strongest: "the units' strongest patches",
  gallery: "what excites the layer's units",
  interaction: "the row from unit to unit",
  neighbours: "what comes in and goes out",
  patches: "the strongest patches",
  examples: "examples of the data set",
  filters: "filters",
  survey: "shares of the map",
  census: "shares of the map",
  contributions: "contributions to the class",
  groups: "groups",
  occlude: "occlusion by hand",
  picture_b: "the other picture",
  maps_b: "the other side's channels",
  overlay_b: "the other heat map",
  projection_b: "the other projection",
  excites_b: "what excites the other unit",
  gallery_b: "what excites the other layer's units",
  filters_b: "the other filters",
  original: "picture",
  dream: "dream",
  inversion: "inversion",
};

/** Speaks of what finished, failed or waits; progress alone is not worth interrupting for. */
export function Announcer() {
  const { store, said } = useView();
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
    <>
      <p class="unseen" role="status" aria-live="polite">
        {words}
      </p>
      <p class="unseen" role="status" aria-live="polite">
        {said.value?.text}
      </p>
    </>
  );
}
