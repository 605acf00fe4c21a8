/** The same of both networks side by side, where two are compared. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { asksAnother, sideName } from "../beside";
import { useView, ViewContext } from "./context";
import { type PaintLog, Panel, usePaintLog } from "./panel";

interface Props {
  /** The panel of the other network. */
  name: "projection_b" | "excites_b";
  label: string;
  /** Made once with the first network's store around it, once with the other's and the log of its own panel. */
  children: (log: PaintLog | null) => ComponentChildren;
}

export function InBoth({ name, label, children }: Props) {
  const view = useView();
  const side = view.store.beside();
  const log = usePaintLog();
  const other = useMemo(() => ({ ...view, store: side }), [view, side]);
  if (!asksAnother(view.store)) return <>{children(null)}</>;
  return (
    <div class="both">
      <div class="panel">
        <h5>{sideName(view.store)}</h5>
        {children(null)}
      </div>
      <ViewContext.Provider value={other}>
        <Panel name={name} label={label} slot={view.store.slots[name]} log={log}>
          <h5>{sideName(side)}</h5>
          {children(log)}
        </Panel>
      </ViewContext.Provider>
    </div>
  );
}
