/** A field that finds things as one types: arrows move among them, Enter takes one, Escape empties the field. */
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { OWN_KEYS } from "./controls";

export interface Found {
  key: string;
  label: string;
  /** What kind of thing it is, or its number. */
  detail: string;
  choose: () => void;
}

interface Props {
  /** What can be found, in words. */
  label: string;
  placeholder: string;
  /** What is said where nothing is found. */
  nothing: string;
  search: (query: string) => readonly Found[];
}

export function Combobox({ label, placeholder, nothing, search }: Props) {
  const query = useSignal("");
  const active = useSignal(0);
  const id = useId();
  const found = query.value.trim() ? search(query.value) : [];
  const choose = (one: Found | undefined) => {
    if (!one) return;
    query.value = "";
    one.choose();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) active.value = Math.max(0, Math.min(found.length - 1, active.value + by));
    else if (event.key === "Enter") choose(found[active.value]);
    else if (event.key === "Escape" && query.value) query.value = "";
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="combo">
      <input
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={found.length > 0}
        aria-controls={found.length > 0 ? id : undefined}
        aria-autocomplete="list"
        aria-activedescendant={found.length > 0 ? `${id}-${active.value}` : undefined}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          active.value = 0;
        }}
        onKeyDown={onKeyDown}
        onBlur={() => {
          query.value = "";
        }}
        {...OWN_KEYS}
      />
      {found.length > 0 && (
        <div class="options" role="listbox" id={id} aria-label={label}>
          {found.map((one, i) => (
            <button
              key={one.key}
              type="button"
              role="option"
              id={`${id}-${i}`}
              ref={i === active.value ? intoView : null}
              tabIndex={-1}
              aria-selected={i === active.value}
              onPointerDown={(event) => {
                // Before the field loses the focus and with it the list.
                event.preventDefault();
                choose(one);
              }}
              onClick={() => choose(one)}
              {...OWN_KEYS}
            >
              {one.label} <small>{one.detail}</small>
            </button>
          ))}
        </div>
      )}
      {query.value.trim() && found.length === 0 && (
        <p class="options none" role="status">
          {nothing}
        </p>
      )}
    </div>
  );
}

/** Scrolls the list alone: scrollIntoView would move the notebook too. */
function intoView(option: HTMLElement | null): void {
  const list = option?.parentElement;
  if (!option || !list) return;
  const { offsetTop: above, offsetHeight: height } = option;
  if (above < list.scrollTop) list.scrollTop = above;
  else if (above + height > list.scrollTop + list.clientHeight)
    list.scrollTop = above + height - list.clientHeight;
}
