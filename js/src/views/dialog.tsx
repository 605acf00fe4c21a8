/** What lies over the panes until it is closed: it takes the focus, keeps it, and gives it back. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type DialogName, useView } from "./context";
import { Button } from "./controls";

const FOCUSABLE = "button:not(:disabled), input, select, textarea, [tabindex='0']";

/** Tab goes round within the dialog. */
function goRound(event: KeyboardEvent, dialog: HTMLElement): void {
  if (event.key !== "Tab") return;
  const stops = [...dialog.querySelectorAll<HTMLElement>(FOCUSABLE)];
  const [first, last] = [stops[0], stops.at(-1)];
  const end = event.shiftKey ? first : last;
  if (event.target !== end) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

interface Props {
  name: DialogName;
  title: string;
  children: ComponentChildren;
}

export function Dialog(props: Props) {
  return useView().dialog.value === props.name ? <Open {...props} /> : null;
}

function Open({ title, children }: Props) {
  const { dialog } = useView();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const root = box.current?.getRootNode() as ShadowRoot | undefined;
    const before = root?.activeElement as HTMLElement | null;
    box.current?.querySelector<HTMLElement>(FOCUSABLE)?.focus();
    return () => before?.focus();
  }, []);
  return (
    <div
      class="dialog"
      ref={box}
      role="dialog"
      aria-modal="true"
      aria-label={title}
      onKeyDown={(event) => goRound(event, event.currentTarget)}
    >
      <div class="bar-line">
        <h3>{title}</h3>
        <Button
          kind="quiet"
          label={`Close: ${title}`}
          onClick={() => {
            dialog.value = null;
          }}
        >
          ✕
        </Button>
      </div>
      {children}
    </div>
  );
}
