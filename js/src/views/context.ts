/** What every component of one view can reach: the model's store and the view's own state. */

import { type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Store } from "../store";

export type Tab = "image" | "grid" | "unit";

export interface View {
  store: Store;
  /** Channel under the roving focus of the grid; kept while layers change. */
  cursor: Signal<number>;
  tab: Signal<Tab>;
  help: Signal<boolean>;
}

export const createView = (store: Store): View => ({
  store,
  cursor: signal(store.unit.peek()?.channel ?? 0),
  tab: signal<Tab>("grid"),
  help: signal(false),
});

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("a component of nbviz was rendered outside of a view");
  return view;
}

export const useStore = (): Store => useView().store;
