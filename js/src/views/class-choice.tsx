/** The class whose evidence is shown: the strongest five as bars, every other one by searching its name. */
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { chosenMap } from "../fields";
import { percent, short } from "../format";
import type { Prediction } from "../protocol";
import { predictions } from "../wants";
import { useStore, useView } from "./context";
import { Button, OWN_KEYS } from "./controls";

export function ClassChoice() {
  const store = useStore();
  const { traits, local, setTraits } = store;
  const strongest = predictions(store);
  if (!strongest || strongest.length === 0) return null;
  const target = traits.target.value;
  const current = target ?? strongest[0]!.index;
  const asked = chosenMap(store)?.map.target;
  const other =
    asked && asked.index === current && !strongest.some((p) => p.index === current) ? [asked] : [];
  const choose = (index: number | null) => {
    local.mode.value = "class";
    setTraits({ target: index });
  };
  return (
    <div class="classes">
      <ul aria-label="Strongest classes">
        {[...strongest, ...other].map((p) => (
          <ClassBar
            key={p.index}
            prediction={p}
            chosen={p.index === current && local.mode.value === "class"}
            onChoose={() => choose(p.index)}
          />
        ))}
      </ul>
      <div class="row">
        <ClassSearch onChoose={choose} />
        {target !== null && (
          <Button kind="quiet" label="Show the class that is predicted" onClick={() => choose(null)}>
            predicted
          </Button>
        )}
      </div>
    </div>
  );
}

interface BarProps {
  prediction: Prediction;
  chosen: boolean;
  onChoose: () => void;
}

function ClassBar({ prediction: { index, label, probability, logit }, chosen, onChoose }: BarProps) {
  const { store, tab } = useView();
  const excite = () => {
    store.excite(index);
    tab.value = "unit";
  };
  return (
    <li class="row">
      <button
        type="button"
        class="class-bar"
        aria-pressed={chosen}
        title={`${label}: probability ${percent(probability)}, logit ${short(logit)}`}
        onClick={onChoose}
        {...OWN_KEYS}
      >
        <span class="fill" style={{ width: `${100 * probability}%` }} />
        <span class="name">{label}</span>
        <span class="number">{percent(probability)}</span>
      </button>
      {store.panels.includes("excites") && (
        <Button kind="quiet" label={`What excites ${label}`} onClick={excite}>
          ✦
        </Button>
      )}
    </li>
  );
}

const MOST = 40;

/** Indices of the classes whose name or number contains the text: those that begin with it come first. */
export function searchClasses(labels: readonly string[], query: string): number[] {
  const sought = query.trim().toLowerCase();
  if (!sought) return [];
  const places = labels.map((label, index) =>
    String(index) === sought ? -1 : label.toLowerCase().indexOf(sought),
  );
  const exact = /^\d+$/.test(sought) && Number(sought) < labels.length ? [Number(sought)] : [];
  const found = labels.map((_, index) => index).filter((index) => places[index]! >= 0);
  found.sort((a, b) => Math.sign(places[a]!) - Math.sign(places[b]!) || a - b);
  return [...exact, ...found].slice(0, MOST);
}

function ClassSearch({ onChoose }: { onChoose: (index: number) => void }) {
  const { traits } = useStore();
  const { labels, classes } = traits._network.value;
  const names = labels ?? Array.from({ length: classes }, (_, i) => `class ${i}`);
  const query = useSignal("");
  const active = useSignal(0);
  const id = useId();
  const found = searchClasses(names, query.value);
  const choose = (index: number | undefined) => {
    if (index === undefined) return;
    query.value = "";
    onChoose(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) active.value = Math.max(0, Math.min(found.length - 1, active.value + by));
    else if (event.key === "Enter") choose(found[active.value]);
    else if (event.key === "Escape") query.value = "";
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="combo">
      <input
        type="text"
        role="combobox"
        aria-label={`Any of ${names.length} classes`}
        aria-expanded={found.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={found.length > 0 ? `${id}-${active.value}` : undefined}
        placeholder={`any of ${names.length} classes…`}
        autocomplete="off"
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
        <div class="options" role="listbox" id={id} aria-label="Classes found">
          {found.map((index, i) => (
            <button
              key={index}
              type="button"
              role="option"
              id={`${id}-${i}`}
              tabIndex={-1}
              aria-selected={i === active.value}
              onPointerDown={(event) => {
                // Before the field loses the focus and with it the list.
                event.preventDefault();
                choose(index);
              }}
              {...OWN_KEYS}
            >
              {names[index]} <small>{index}</small>
            </button>
          ))}
        </div>
      )}
      {query.value.trim() && found.length === 0 && <p class="options none">no class of that name</p>}
    </div>
  );
}
