/** Traits that Python had linked stay linked. */
import type { Link } from "./document";
import type { RecordedModel } from "./model";

export function linkModels(models: readonly RecordedModel[], links: readonly Link[]): void {
  for (const { source, target, both } of links) {
    const [first, second] = [models[source.model], models[target.model]];
    if (!first || !second) continue;
    first.on(`change:${source.trait}`, () => second.set(target.trait, first.get(source.trait)));
    if (both) second.on(`change:${target.trait}`, () => first.set(source.trait, second.get(target.trait)));
  }
}

/** A unit takes the view to its layer: what Python does where there is one. */
export function followUnit(model: RecordedModel): void {
  model.on("change:unit", () => {
    const unit: string = model.get("unit");
    const layer = unit.slice(0, unit.lastIndexOf(":"));
    if (layer) model.set("layer", layer);
  });
}
