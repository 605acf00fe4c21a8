/** A page without a kernel: the widgets of `entry` on models that answer from a recording. */
import widget from "../entry";
import { followAddress } from "./address-bar";
import { Contents, restOfPage } from "./contents";
import { fromBase64, inflate } from "./decode";
import { type Layout, type Recorded, readDocument } from "./document";
import { lend, recordingName, restOfContents } from "./lending";
import { followUnit, linkModels } from "./links";
import { asModel, RecordedModel } from "./model";
import { nearby } from "./nearby";
import { fitIn } from "./surroundings";

const textOf = (id: string): string | undefined => document.getElementById(id)?.textContent ?? undefined;

async function readRecorded(): Promise<Recorded> {
  const packed = await inflate(fromBase64(textOf("nbviz-document") ?? ""));
  return readDocument(JSON.parse(new TextDecoder().decode(packed)));
}

function mountModel(model: RecordedModel, into: HTMLElement): void {
  const el = document.createElement("div");
  el.className = "view";
  into.append(el);
  const life = new AbortController();
  const props = { model: asModel(model), el, signal: life.signal };
  const { initialize, render } = widget();
  initialize(props as never);
  render(props as never);
}

function mountLayout(layout: Layout, models: readonly RecordedModel[], into: HTMLElement): void {
  if ("model" in layout) {
    const model = models[layout.model];
    if (model) mountModel(model, into);
    return;
  }
  if ("missing" in layout) {
    const told = document.createElement("p");
    told.textContent = `${layout.missing}: needs a kernel`;
    into.append(told);
    return;
  }
  const box = document.createElement("div");
  box.className = `box ${layout.box}`;
  into.append(box);
  for (const [i, child] of layout.children.entries()) {
    const title = layout.titles[i];
    if (title) box.append(Object.assign(document.createElement("h2"), { textContent: title }));
    mountLayout(child, models, box);
  }
}

async function start(): Promise<void> {
  const place = document.getElementById("nbviz") as HTMLElement;
  try {
    const recorded = await readRecorded();
    const opening = window.nbvizContents ?? textOf("nbviz-contents") ?? "";
    lend(textOf("nbviz-module"), opening);
    const contents = new Contents(opening, recordingName() ? restOfContents : restOfPage);
    const models = recorded.models.map((record) => new RecordedModel(record, recorded.contents, contents));
    for (const model of models) followUnit(model);
    linkModels(models, recorded.links);
    await nearby();
    // What is shown until now is a picture of what comes.
    place.replaceChildren();
    mountLayout(recorded.layout, models, place);
    if (models[0] && window === window.parent) followAddress(models[0]);
    fitIn();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const told = Object.assign(document.createElement("p"), { textContent: `nbviz: ${said}.` });
    told.setAttribute("role", "alert");
    place.prepend(told);
    fitIn();
  }
}

void start();
