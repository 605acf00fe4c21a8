/** What a person can turn on a method: the controls follow from the parameters that its signature declares. */
import type { Plain } from "../protocol";
import type { MethodInfo, ParameterInfo } from "../traits";
import { useStore } from "./context";
import { Checkbox, NumberField, Select } from "./controls";

export function Parameters({ method }: { method: MethodInfo | undefined }) {
  const { local, setParam } = useStore();
  if (!method || method.params.length === 0) return null;
  const given = local.params.value[method.name] ?? {};
  return (
    <div class="toolbar params" role="group" aria-label={`Parameters of ${method.label}`}>
      {method.params.map((parameter) => (
        <Parameter
          key={`${method.name}.${parameter.name}`}
          parameter={parameter}
          value={given[parameter.name] ?? parameter.default}
          onChange={(value) => setParam(method, parameter.name, value)}
        />
      ))}
    </div>
  );
}

interface Props {
  parameter: ParameterInfo;
  value: Plain;
  onChange: (value: Plain) => void;
}

function Parameter({ parameter: { label, kind, lower, upper, choices, ...rest }, value, onChange }: Props) {
  if (kind === "flag") return <Checkbox label={label} value={value === true} onChange={onChange} />;
  if (kind === "choice") {
    const options = choices.map((name) => ({ value: name, label: name }));
    return <Select label={label} options={options} value={String(value)} onChange={onChange} />;
  }
  return (
    <NumberField
      label={label}
      value={value as number | null}
      min={lower ?? Number.NEGATIVE_INFINITY}
      max={upper ?? Number.POSITIVE_INFINITY}
      whole={kind === "integer"}
      {...(rest.default === null && { unset: "auto" })}
      onChange={onChange}
    />
  );
}
