/** The chosen layer, as a list to choose from. */
import { useStore } from "./context";
import { Select } from "./controls";

export function LayerChoice() {
  const { traits, setTraits } = useStore();
  return (
    <Select
      label="layer"
      options={traits._network.value.layers.map(({ name, kind }) => ({
        value: name,
        label: `${name} · ${kind}`,
      }))}
      value={traits.layer.value}
      onChange={(layer) => setTraits({ layer })}
    />
  );
}
