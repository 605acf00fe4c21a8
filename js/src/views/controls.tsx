/** The few controls everything is made of. Each carries the mark that keeps the notebook's keys away. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** JupyterLab looks for the mark on the focused element itself. */
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" } as const;

interface ButtonProps {
  onClick: () => void;
  children: ComponentChildren;
  label?: string | undefined;
  kind?: "plain" | "primary" | "quiet";
  disabled?: boolean;
  /** Of a switch: whether it is on. */
  pressed?: boolean;
}

export function Button({ onClick, children, label, kind = "plain", disabled = false, pressed }: ButtonProps) {
  return (
    <button
      type="button"
      class={`button ${kind}`}
      aria-label={label}
      title={label}
      disabled={disabled}
      aria-pressed={pressed}
      onClick={onClick}
      {...OWN_KEYS}
    >
      {children}
    </button>
  );
}

export interface Option<T> {
  value: T;
  label: string;
  title?: string | undefined;
  /** Why it cannot be chosen, and what helps. */
  missing?: string;
}

interface ChoiceProps<T> {
  label: string;
  options: readonly Option<T>[];
  value: T;
  onChange: (value: T) => void;
}

interface SegmentsProps<T> extends ChoiceProps<T> {
  /** Somebody wants what cannot be chosen. */
  onMissing?: (why: string) => void;
}

/**
 * A row of which one is chosen: arrows move the choice, one stop for Tab. What cannot be chosen is reached as well, and
 * says why.
 */
export function Segments<T extends string>(props: SegmentsProps<T>) {
  const { label, options, value, onChange, onMissing } = props;
  const choose = ({ value, missing }: Option<T>) => (missing ? onMissing?.(missing) : onChange(value));
  const step = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const group = event.currentTarget as HTMLElement;
    const at = [...group.children].indexOf(event.target as HTMLElement);
    const next = (at + by + options.length) % options.length;
    choose(options[next]!);
    (group.children[next] as HTMLElement).focus();
  };
  const reachable = options.some((option) => option.value === value) ? value : options[0]?.value;
  return (
    <div class="segments" role="radiogroup" aria-label={label} onKeyDown={step}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === reachable ? 0 : -1}
          aria-disabled={option.missing ? true : undefined}
          title={option.missing ?? option.title}
          data-value={option.value}
          onClick={() => choose(option)}
          {...OWN_KEYS}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

/** A labelled drop-down list. */
export function Select<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)} {...OWN_KEYS}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Enter takes a field's value over, as leaving it does: the notebook keeps the browser from doing so itself. */
export const onEnter = (take: (event: Event) => void) => (event: KeyboardEvent) => {
  if (event.key === "Enter") take(event);
};

interface NumberProps<N extends number | null> {
  label: string;
  value: N;
  min: number;
  max: number;
  whole?: boolean;
  /** Shown where there is no number; without it there must be one. */
  unset?: string;
  onChange: (value: N) => void;
}

/** A number between bounds, both allowed; what does not fit is not taken over. */
export function NumberField<N extends number | null>(props: NumberProps<N>) {
  const { label, value, min, max, whole = true, unset, onChange } = props;
  const take = (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const typed = field.value === "" ? null : Number(field.value);
    const fits =
      typed === null
        ? unset !== undefined
        : typed >= min && typed <= max && (!whole || Number.isInteger(typed));
    if (fits) onChange(typed as N);
    else field.value = String(value ?? "");
  };
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="number"
        value={value ?? ""}
        min={min}
        max={max}
        step={whole ? 1 : "any"}
        placeholder={unset}
        onChange={take}
        onKeyDown={onEnter(take)}
        {...OWN_KEYS}
      />
    </label>
  );
}

interface CheckboxProps {
  label: string;
  value: boolean;
  onChange: (value: boolean) => void;
}

export function Checkbox({ label, value, onChange }: CheckboxProps) {
  return (
    <label class="field">
      <input
        type="checkbox"
        checked={value}
        onChange={(event) => onChange(event.currentTarget.checked)}
        {...OWN_KEYS}
      />
      <span>{label}</span>
    </label>
  );
}

interface SliderProps {
  label: string;
  value: number;
  onChange: (value: number) => void;
  step?: number;
  /** Read aloud in place of the share in percent. */
  said?: string;
}

/** A share between 0 and 1. */
export function Slider({ label, value, onChange, step = 0.05, said }: SliderProps) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={1}
        step={step}
        value={value}
        aria-valuetext={said ?? `${Math.round(100 * value)} percent`}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
        {...OWN_KEYS}
      />
    </div>
  );
}
