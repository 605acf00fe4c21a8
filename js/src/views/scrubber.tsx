/** Walk through a film: arrows go picture by picture, Home and End to its ends. */
import { useId } from "preact/hooks";
import { OWN_KEYS } from "./controls";

interface Props {
  label: string;
  /** How many pictures there are. */
  count: number;
  index: number;
  /** The present picture in words. */
  text: string;
  onChange: (index: number) => void;
}

export function Scrubber({ label, count, index, text, onChange }: Props) {
  const id = useId();
  return (
    <div class="field slider scrubber">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={count - 1}
        step={1}
        value={index}
        aria-valuetext={text}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
        {...OWN_KEYS}
      />
    </div>
  );
}
