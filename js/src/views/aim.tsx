/** What a picture is searched for: the locked neuron, its whole channel, or a class that was asked about. */
import type { Aim, Store } from "../store";
import { className } from "../wants";
import { useStore } from "./context";
import { type Option, Segments } from "./controls";

function optionsOf(store: Store): Option<Aim>[] {
  const unit = store.unit.value;
  const index = store.local.aimedClass.value;
  const options: Option<Aim>[] = [];
  if (unit?.position) {
    const at = unit.position.join(",");
    options.push({
      value: "neuron",
      label: `neuron ${at}`,
      title: "The one neuron, at its place in the picture",
    });
    options.push({ value: "channel", label: "channel", title: "The channel, all over the picture" });
  } else if (unit) options.push({ value: "neuron", label: `unit ${unit.channel}` });
  if (index !== null) options.push({ value: "class", label: className(store, index), title: "The class" });
  return options;
}

/** Offered where there is more than one thing to search for. */
export function AimChoice() {
  const store = useStore();
  const { aim } = store.local;
  const options = optionsOf(store);
  if (options.length < 2) return null;
  const value = options.some((option) => option.value === aim.value) ? aim.value : "neuron";
  return (
    <Segments
      label="Excite"
      options={options}
      value={value}
      onChange={(chosen) => {
        aim.value = chosen;
      }}
    />
  );
}
