/** What a picture is searched for: the locked neuron, its whole channel, its opposite, two units, or a class. */
import { formatUnit } from "../address";
import type { Aim } from "../local";
import type { Store } from "../store";
import { className } from "../wants";
import { useStore } from "./context";
import { type Option, Segments } from "./controls";

function optionsOf(store: Store): Option<Aim>[] {
  const unit = store.unit.value;
  const { aimedClass, second } = store.local;
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
  if (unit)
    options.push({ value: "negative", label: `−${unit.channel}`, title: "What drives it below zero" });
  if (unit && second.value) {
    const both = `${unit.channel} + ${second.value.channel}`;
    options.push({ value: "joint", label: both, title: `Together with ${formatUnit(second.value)}` });
  }
  const index = aimedClass.value;
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
