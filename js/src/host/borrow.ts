/** The page of an output that brings nothing but its own state: it waits for what the first output lends. */
import { notebookWindow, recordingName } from "./lending";

const EVERY_MS = 100;
const PATIENCE_MS = 5000;

function run(module: string, contents: string): void {
  window.nbvizContents = contents;
  const script = document.createElement("script");
  script.type = "module";
  script.textContent = module;
  document.body.append(script);
}

function complain(): void {
  const told = document.createElement("p");
  told.setAttribute("role", "alert");
  told.textContent =
    "This view shares its recorded pictures with the notebook's first nbviz output, which is not on this page.";
  document.getElementById("nbviz")?.prepend(told);
}

const begun = performance.now();
let complained = false;
const look = setInterval(() => {
  const lent = notebookWindow()?.nbvizLent?.[recordingName()];
  if (lent) {
    clearInterval(look);
    run(lent.module, lent.contents);
  } else if (!complained && performance.now() - begun > PATIENCE_MS) {
    complained = true;
    complain();
  }
}, EVERY_MS);
