/** The method that shows where the evidence for a class lies: which, at which layer, and with which parameters. */
import type { Store } from "../store";
import type { MethodInfo } from "../traits";
import { useStore } from "./context";
import { Select } from "./controls";
import { Parameters } from "./parameters";

const choices = ({ traits }: Store): MethodInfo[] =>
  traits._methods.value.filter(({ asks }) => asks === "class");

const chosenOf = (store: Store): MethodInfo | undefined =>
  choices(store).find(({ name }) => name === store.local.classMethod.value);

export const ClassParameters = () => <Parameters method={chosenOf(useStore())} />;

export function ClassMethod() {
  const store = useStore();
  const { local } = store;
  const methods = choices(store);
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
      {chosenOf(store)?.layer && <LayerChoice />}
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
        { value: "automatic", label: "automatic" },
        { value: "chosen", label: traits.layer.value },
      ]}
      value={local.classLayer.value}
      onChange={(which) => {
        local.classLayer.value = which;
      }}
    />
  );
}
