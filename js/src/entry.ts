/** The widget module: one store a model, any number of views of it. */
import type { AnyWidget, InitializeProps, RenderProps } from "@anywidget/types";
import { mount, mountError } from "./mount";
import { createStore, type Store } from "./store";

/**
 * A factory, because the host hands `initialize` and `render` different objects for the same model: what
 * they share lives in this closure, which the host makes once for each model.
 */
export default function widget() {
  let store: Store | undefined;
  let fault: unknown = new Error("render was called before initialize");
  return {
    initialize({ model, signal }: InitializeProps) {
      try {
        const created = createStore(model);
        store = created;
        signal.addEventListener("abort", created.dispose);
      } catch (error) {
        // Reported where a person looks: in the cell.
        fault = error;
      }
    },
    render({ el, signal }: RenderProps) {
      try {
        if (!store) throw fault;
        return mount(store, el, signal);
      } catch (error) {
        console.error(error);
        return mountError(el, error);
      }
    },
  } satisfies AnyWidget;
}
