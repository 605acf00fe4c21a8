/** `page.html#layer3.1.conv2:447` or `page.html#floppy-ear` opens there, and the address follows what is chosen. */
import { addressIn, visit } from "../addresses";
import type { RecordedModel } from "./model";

function written(): string {
  const { hash } = location;
  try {
    return addressIn(hash) ?? decodeURIComponent(hash.slice(1));
  } catch {
    return "";
  }
}

/** Once the views are there; what none of them knows is left as it is. */
export function followAddress(model: RecordedModel): void {
  let opening = "";
  const follow = () => {
    opening = written();
    if (opening) visit(document, opening);
    opening = "";
  };
  follow();
  window.addEventListener("hashchange", follow);
  model.on("change:unit", () => {
    const unit: string = model.get("unit");
    if (unit && !opening && unit !== written()) history.replaceState(null, "", `#${encodeURI(unit)}`);
  });
}
