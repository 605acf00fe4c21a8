/** The line of Python that computes what a panel shows, for `net` and for the widget as `w`. */
import type { Unit } from "./address";
import { parseUnit } from "./address";
import type { Arguments, Meta, Params, Plain } from "./protocol";

/** A text as Python writes it. */
const quoted = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;

function literal(value: Plain): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? quoted(value) : String(value);
}

const unitCode = ({ layer, channel, position }: Unit): string =>
  `net.unit(${[quoted(layer), channel, ...(position ?? [])].join(", ")})`;

const call = (method: string, image: number, target: string, options: Params): string => {
  const named = Object.entries(options).map(([name, value]) => `${name}=${literal(value)}`);
  return `nbviz.${method}(${["net", `w.images[${image}].x`, target, ...named].join(", ")})`;
};

export function projectionCode({ image, unit, method, params }: Arguments<"projection">): string | null {
  const parsed = parseUnit(unit);
  return parsed && call(method, image, unitCode(parsed), params);
}

/** Of one of several classes; the layer is named where the method takes one. */
export function overlayCode(
  args: Arguments<"overlay">,
  meta: Meta<"overlay">,
  index: number,
  takesLayer: boolean,
): string {
  const target = args.targets[index];
  const aim = Array.isArray(target)
    ? `net.logit(${target[0]}) - net.logit(${target[1]})`
    : String(meta.maps[index]!.target.index);
  return call(args.method, args.image, aim, {
    ...(takesLayer && meta.layer && { layer: meta.layer }),
    ...args.params,
  });
}
