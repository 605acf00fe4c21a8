/** `page.html#layer3.1.conv2:447` opens there, `#floppy-ear` at a bookmark; the address follows what is chosen. */
import { parseUnit } from "../address";
import { bookmarkNamed, type View } from "../places";
import type { NetworkInfo } from "../traits";
import type { RecordedModel } from "./model";

/** Show the bookmark, the layer or the unit that the address names; what it does not know is left as it is. */
function follow(model: RecordedModel, address: string): void {
  const bookmarks = (model.get("bookmarks") ?? {}) as Record<string, View>;
  const name = bookmarkNamed(bookmarks, address);
  if (address && name) {
    const { page, ...traits } = bookmarks[name] as View;
    for (const [trait, value] of Object.entries(traits)) if (value !== "") model.set(trait, value);
    model.set("_page", page);
    return;
  }
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
