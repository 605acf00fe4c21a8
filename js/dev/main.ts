/** The stand-alone page: `?view=unit_inspector&theme=dark&width=600` and more; the model is `window.model`. */
import type { AnyModel } from "@anywidget/types";
import widget from "../src/entry";
import type { Traits } from "../src/traits";
import { exampleTraits, FakeModel } from "./fake";

const query = new URLSearchParams(location.search);
const model = new FakeModel({ ...exampleTraits((query.get("view") ?? "explorer") as Traits["_view"]) });
if (query.has("fault"))
  model.fault = { op: query.get("fault") as string, message: query.get("message") ?? "It fails." };
const el = document.createElement("div");
el.style.width = `${query.get("width") ?? 1180}px`;
document.body.append(el);
const life = new AbortController();
const props = { model: model as unknown as AnyModel, signal: life.signal, el };
const { initialize, render } = widget();
initialize(props as never);
render(props as never);
Object.assign(window, { model, el, life });
