/** The method that shows where the evidence for a class lies: which, at which layer, and with which parameters. */
import { useStore } from "./context";
import { Select } from "./controls";
import { Parameters } from "./parameters";

export function ClassMethod() {
  const { traits, local } = useStore();
  const methods = traits._methods.value.filter(({ asks }) => asks === "class");
  const chosen = methods.find(({ name }) => name === local.classMethod.value);
  return (
    <>
      {methods.length > 1 && (
        <Select
          label="method"
          options={methods.map(({ name, label }) => ({ value: name, label }))}
          value={local.classMethod.value}
          onChange={(name) => {
            local.classMethod.value = name;
          }}
        />
      )}
      {chosen?.layer && <LayerChoice />}
      <Parameters method={chosen} />
    </>
  );
}

/** The layer that suits the method, or the one that is being browsed. */
function LayerChoice() {
  const { traits, local } = useStore();
  return (
    <Select
      label="at"
      options={[
        { value: "automatic", label: "automatic: the last maps" },
        { value: "chosen", label: traits.layer.value },
      ]}
      value={local.classLayer.value}
      onChange={(which) => {
        local.classLayer.value = which;
      }}
    />
  );
}
