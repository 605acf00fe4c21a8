/** A line of code to take along. */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Button, OWN_KEYS } from "./controls";

type Outcome = "" | "copied" | "selected: press Ctrl C";

/** A page that is not served securely has no clipboard: what is selected can still be copied by hand. */
async function copy(text: string, shown: HTMLElement): Promise<Outcome> {
  try {
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    getSelection()?.selectAllChildren(shown);
    return "selected: press Ctrl C";
  }
}

interface Props {
  code: string;
  /** What the line is, read before it. */
  label?: string;
}

export function Snippet({ code, label = "Python" }: Props) {
  const line = useRef<HTMLElement>(null);
  const outcome = useSignal<Outcome>("");
  const onCopy = async () => {
    if (line.current) outcome.value = await copy(code, line.current);
  };
  return (
    <div class="copied-line">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a line wider than its box is scrolled by keys, too */}
      <code ref={line} class="snippet" role="group" aria-label={label} tabIndex={0} {...OWN_KEYS}>
        {code}
      </code>
      <Button kind="quiet" label={`Copy: ${label}`} onClick={onCopy}>
        copy
      </Button>
      <span class="muted" role="status">
        {outcome}
      </span>
    </div>
  );
}
