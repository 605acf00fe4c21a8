/**
 * Links that lead into a view: `[see](#nbviz:floppy-ear)` in a Markdown cell names a bookmark, a unit or a layer,
 * and before a slash the widget that is meant, where several know the place.
 *
 * Notebooks clean Markdown of everything but such plain fragments; a click on one is caught on the document.
 */
import { formatUnit, parseUnit } from "./address";
import { showLayer } from "./find";
import { bookmarkNamed, faultOfUnit, showView, slug, walkTo } from "./places";
import type { Store } from "./store";

const PREFIX = "#nbviz:";

/** To a unit, a layer or a bookmark, the latter by its `slug`. */
export const linkTo = (address: string): string => `${PREFIX}${address}`;

/** What a link names, or null for a link to somewhere else. */
export function addressIn(href: string): string | null {
  const at = href.indexOf(PREFIX);
  if (at < 0) return null;
  try {
    return decodeURIComponent(href.slice(at + PREFIX.length));
  } catch {
    return null;
  }
}

/** A step that shows a place; it returns the reason where that is no longer possible. */
type Way = () => string | null;

/** The way to a bookmark, a unit or a layer of this widget; null where it has none of that name. */
export function wayTo(store: Store, place: string): Way | null {
  const { traits } = store;
  const bookmark = bookmarkNamed(traits.bookmarks.peek(), place);
  if (bookmark) return () => showView(store, traits.bookmarks.peek()[bookmark]!);
  const unit = parseUnit(place);
  if (unit) {
    if (faultOfUnit(store, formatUnit(unit))) return null;
    return () => walkTo(store, unit);
  }
  if (!traits._network.peek().layers.some(({ name }) => name === place)) return null;
  return () => showLayer(store, place);
}

/** One view on the page. Views of other versions of this module use the same register. */
export interface Reachable {
  element: HTMLElement;
  leads(address: string): boolean;
  go(address: string): void;
  /** Nobody knows the address; the nearest view says so. */
  complain(address: string): void;
}

const REGISTER = Symbol.for("nbviz.reachable");

/** This document, and the notebook's around it where the view lies in a frame of its own. */
function documentsAround(element: HTMLElement): Document[] {
  const own = element.ownerDocument;
  try {
    const around = own.defaultView?.parent.document;
    return around && around !== own ? [own, around] : [own];
  } catch {
    // A frame of another origin: nobody looks out of it.
    return [own];
  }
}

function registerOf(document: Document): Set<Reachable> {
  const holder = document as unknown as Record<symbol, Set<Reachable> | undefined>;
  holder[REGISTER] ??= new Set();
  return holder[REGISTER];
}

/** The element that stands for a view in this document: itself, or the frame it lies in. */
const standIn = (view: Reachable, document: Document): Element | null =>
  view.element.ownerDocument === document
    ? view.element
    : (view.element.ownerDocument.defaultView?.frameElement ?? null);

/** The nearest view above the link, else the first below it. */
export function nearest(views: readonly Reachable[], link: Element): Reachable | undefined {
  const above = (view: Reachable) => {
    const element = standIn(view, link.ownerDocument);
    return element !== null && (link.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING) > 0;
  };
  return views.filter(above).at(-1) ?? views[0];
}

/** In the order of the page, whichever was drawn first. */
function inOrder(document: Document): Reachable[] {
  const order = (a: Reachable, b: Reachable): number => {
    const [first, second] = [standIn(a, document), standIn(b, document)];
    if (!first || !second) return 0;
    return first.compareDocumentPosition(second) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
  };
  return [...registerOf(document)].sort(order);
}

/** Show a place in the first view of a document that knows it. */
export function visit(document: Document, address: string): void {
  inOrder(document)
    .find((view) => view.leads(address))
    ?.go(address);
}

/** Go where links on the page lead, as long as the signal lasts. */
export function followLinks(view: Reachable, signal: AbortSignal): void {
  for (const document of documentsAround(view.element)) {
    const register = registerOf(document);
    register.add(view);
    signal.addEventListener("abort", () => register.delete(view));
    document.addEventListener("click", (event) => onClick(view, document, event), { capture: true, signal });
  }
}

function onClick(view: Reachable, document: Document, event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a[href]");
  const address = link && addressIn(link.getAttribute("href") ?? "");
  if (!address) return;
  event.preventDefault();
  const views = inOrder(document);
  const knowing = views.filter((other) => other.leads(address));
  if (knowing.length > 0 && nearest(knowing, link) === view) view.go(address);
  if (knowing.length === 0 && nearest(views, link) === view) view.complain(address);
}

/** What this store's view does about links: `name/place` concerns the widget of that name alone. */
export function reachable(
  store: Store,
  element: HTMLElement,
  tell: (text: string, fault: boolean) => void,
): Reachable {
  const placeIn = (address: string): string | null => {
    const [widget, place] = address.includes("/") ? address.split("/", 2) : [null, address];
    return widget === null || slug(widget!) === slug(store.traits._options.peek().name ?? "") ? place! : null;
  };
  const way = (address: string): Way | null => {
    const place = placeIn(address);
    return place === null ? null : wayTo(store, place);
  };
  return {
    element,
    leads: (address) => way(address) !== null,
    go: (address) => {
      const fault = way(address)?.();
      tell(fault ?? `Showing ${address}.`, Boolean(fault));
      element.scrollIntoView({ block: "nearest" });
    },
    complain: (address) => tell(`The link names no bookmark, unit or layer here: ${address}`, true),
  };
}
