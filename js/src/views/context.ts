/** What every component of one view can reach: the model's store and the view's own state. */

import { type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Finished } from "../slot";
import type { Store } from "../store";

export type Tab = "image" | "grid" | "unit";
export type DialogName = "keys" | "places" | "share";

/** A sentence about what a person did, until something newer is there to tell. */
export interface Said {
  text: string;
  /** It stays until the person does something else. */
  fault: boolean;
  /** What had been finished by then. */
  after: Finished | null;
}

export interface View {
  store: Store;
  /** Channel under the roving focus of the grid; kept while layers change. */
  cursor: Signal<number>;
  tab: Signal<Tab>;
  /** What lies over the panes. */
  dialog: Signal<DialogName | null>;
  said: Signal<Said | null>;
  /** Tell the eye and assistive tools. */
  say(text: string, fault?: boolean): void;
  unsay(): void;
  /** The element that the page shows, and can show alone. */
  host: HTMLElement;
}

export function createView(store: Store, host: HTMLElement): View {
  const said = signal<Said | null>(null);
  return {
    store,
    cursor: signal(store.unit.peek()?.channel ?? 0),
    tab: signal<Tab>("grid"),
    dialog: signal(null),
    said,
    say: (text, fault = false) => {
      said.value = { text, fault, after: store.finished.peek() };
    },
    unsay: () => {
      said.value = null;
    },
    host,
  };
}

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("a component of nbviz was rendered outside of a view");
  return view;
}

export const useStore = (): Store => useView().store;
