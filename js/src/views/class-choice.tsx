/** The class whose evidence is shown: the strongest five as bars, every other one by searching its name. */
import { chosenMap } from "../fields";
import { classNames, searchClasses, showClass } from "../find";
import { percent, short } from "../format";
import type { Prediction } from "../protocol";
import { predictions } from "../wants";
import { Combobox } from "./combobox";
import { useStore, useView } from "./context";
import { Button, OWN_KEYS } from "./controls";

export function ClassChoice() {
  const store = useStore();
  const { traits, local } = store;
  const strongest = predictions(store);
  if (!strongest || strongest.length === 0) return null;
  const target = traits.target.value;
  const current = target ?? strongest[0]!.index;
  const asked = chosenMap(store)?.map.target;
  const other =
    asked && asked.index === current && !strongest.some((p) => p.index === current) ? [asked] : [];
  const choose = (index: number | null) => showClass(store, index);
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

function ClassSearch({ onChoose }: { onChoose: (index: number) => void }) {
  const names = classNames(useStore());
  return (
    <Combobox
      label={`Any of ${names.length} classes`}
      placeholder={`any of ${names.length} classes…`}
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
