/** The class whose evidence is shown: the strongest five as bars, every other one by searching its name. */
import { chosenMap } from "../fields";
import { classNames, searchClasses, showClass } from "../find";
import { percent, short } from "../format";
import type { Prediction } from "../protocol";
import { className, predictions } from "../wants";
import { Combobox } from "./combobox";
import { useStore, useView } from "./context";
import { Button, OWN_KEYS } from "./controls";

export function ClassChoice() {
  const store = useStore();
  const { traits, local } = store;
  const { minus } = local.look;
  const strongest = predictions(store);
  if (!strongest || strongest.length === 0) return null;
  const target = traits.target.value;
  const current = target ?? strongest[0]!.index;
  const asked = chosenMap(store)?.map.target;
  const other =
    asked && asked.index === current && !strongest.some((p) => p.index === current) ? [asked] : [];
  const choose = (index: number | null) => {
    // The two change places, rather than that a class is subtracted from itself.
    if (index !== null && index === minus.peek()) minus.value = current;
    showClass(store, index);
  };
  const subtract = (index: number) => {
    local.mode.value = "class";
    minus.value = minus.peek() === index ? null : index;
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
            subtracted={p.index === minus.value}
            onSubtract={p.index === current ? undefined : () => subtract(p.index)}
          />
        ))}
      </ul>
      <div class="row">
        <ClassSearch words="Any of" onChoose={choose} />
        <ClassSearch words="Minus any of" onChoose={subtract} />
        {minus.value !== null && minus.value !== current && (
          <Button kind="quiet" label="Subtract no class" onClick={() => subtract(minus.value!)}>
            − {className(store, minus.value)} ×
          </Button>
        )}
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
  /** Whether it is the one that the shown class is compared with. */
  subtracted: boolean;
  onSubtract: (() => void) | undefined;
}

function ClassBar({ prediction, chosen, onChoose, subtracted, onSubtract }: BarProps) {
  const { index, label, probability, logit } = prediction;
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
      {onSubtract && (
        <Button kind="quiet" label={`Minus ${label}`} pressed={subtracted} onClick={onSubtract}>
          −
        </Button>
      )}
      {store.panels.includes("excites") && (
        <Button kind="quiet" label={`What excites ${label}`} onClick={excite}>
          ✦
        </Button>
      )}
    </li>
  );
}

/** Any class by its name or number. */
export function ClassSearch({ words, onChoose }: { words: string; onChoose: (index: number) => void }) {
  const names = classNames(useStore());
  return (
    <Combobox
      label={`${words} ${names.length} classes`}
      placeholder={`${words.toLowerCase()} ${names.length}…`}
      nothing="no class of that name"
      search={(query) =>
        searchClasses(names, query).map((index) => ({
          key: String(index),
          label: names[index] as string,
          detail: String(index),
          choose: () => onChoose(index),
        }))
      }
    />
  );
}
