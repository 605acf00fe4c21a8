/** Put one view of a store into an element: an own shadow root, so that styles cross neither way. */
import { Component, type ComponentChildren, render } from "preact";
import { followLinks, reachable } from "./addresses";
import type { Store } from "./store";
import style from "./style";
import { createView, ViewContext } from "./views/context";
import { OWN_KEYS } from "./views/controls";
import { acceptFiles } from "./views/drop";
import { keepFocus } from "./views/focus";
import { Announcer, Banner } from "./views/frame";
import { Help } from "./views/help";
import { handleKey } from "./views/keys";
import { PlacesDialog } from "./views/places-dialog";
import { ROOTS } from "./views/roots";
import { ShareDialog } from "./views/share-dialog";

/** ipywidgets puts this class on a view whose comm has no kernel behind it. */
const DISCONNECTED = "jupyter-widgets-disconnected";

function adoptStyle(root: ShadowRoot): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
}

/** Shows what a component threw in place of a blank cell. */
class Guard extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null as unknown };

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ error });
  }

  override render() {
    const { error } = this.state;
    return error ? <p role="alert">{sayError(error)}</p> : this.props.children;
  }
}

const sayError = (error: unknown): string =>
  `nbviz could not show this widget: ${error instanceof Error ? error.message : String(error)}`;

/** In place of a blank cell: the reason, as text. */
export function mountError(el: HTMLElement, error: unknown): void {
  render(<p role="alert">{sayError(error)}</p>, el);
}

/** Mount a view; `signal` or the returned function ends it. */
export function mount(store: Store, el: HTMLElement, signal: AbortSignal): () => void {
  const life = new AbortController();
  const host = document.createElement("div");
  // Keys pressed in the shadow tree reach the notebook as if pressed on the host.
  host.setAttribute("data-lm-suppress-shortcuts", OWN_KEYS["data-lm-suppress-shortcuts"]);
  el.append(host);
  const root = host.attachShadow({ mode: "open" });
  adoptStyle(root);
  const place = document.createElement("div");
  place.className = "nbviz";
  root.append(place);

  if (el.classList.contains(DISCONNECTED)) store.transport.disconnect();
  const detach = store.attach();
  const view = createView(store, host);
  const Root = ROOTS[store.traits._view.peek()];
  render(
    <Guard>
      <ViewContext.Provider value={view}>
        <Banner />
        <Root />
        <Help />
        <PlacesDialog />
        <ShareDialog />
        <Announcer />
      </ViewContext.Provider>
    </Guard>,
    place,
  );
  place.addEventListener("keydown", (event) => handleKey(view, event), { signal: life.signal });
  keepFocus(root, life.signal);
  place.addEventListener("pointerdown", view.unsay, { capture: true, signal: life.signal });
  // Whoever turns to a cell below may ask there for what was chosen here.
  for (const turning of ["pointerleave", "focusout"]) {
    host.addEventListener(turning, store.tellChoices, { signal: life.signal });
  }
  followLinks(reachable(store, host, view.say), life.signal);

  if (store.panels.includes("thumbnails")) {
    acceptFiles(place, (files) => void store.uploads.add(files), life.signal);
  }

  const watcher = new MutationObserver(() => followConnection(store, el));
  watcher.observe(el, { attributes: true, attributeFilter: ["class"] });

  life.signal.addEventListener("abort", () => {
    watcher.disconnect();
    detach();
    render(null, place);
    host.remove();
  });
  signal.addEventListener("abort", () => life.abort(), { signal: life.signal });
  return () => life.abort();
}

function followConnection(store: Store, el: HTMLElement): void {
  if (el.classList.contains(DISCONNECTED)) store.transport.disconnect();
  else if (store.transport.link.peek() === "gone") store.transport.reconnect();
}
