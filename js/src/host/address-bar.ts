/** `page.html#layer3.1.conv2:447` opens there, and the address follows what is chosen. */
import { parseUnit } from "../address";
import type { NetworkInfo } from "../traits";
import type { RecordedModel } from "./model";

/** Show the layer or the unit that the address names; what it does not know is left as it is. */
function follow(model: RecordedModel, address: string): void {
  const { layers } = model.get("_network") as NetworkInfo;
  const unit = parseUnit(address);
  const named = layers.find(({ name }) => name === (unit?.layer ?? address));
  if (!named || (unit && unit.channel >= named.channels)) return;
  if (unit) model.set("unit", address);
  model.set("layer", named.name);
}

const written = (): string => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
};

export function followAddress(model: RecordedModel): void {
  if (!model.get("_network")) return;
  follow(model, written());
  window.addEventListener("hashchange", () => follow(model, written()));
  model.on("change:unit", () => {
    const unit: string = model.get("unit");
    if (unit && unit !== written()) history.replaceState(null, "", `#${encodeURI(unit)}`);
  });
}
