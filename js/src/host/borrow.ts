/** The page of an output that brings nothing but its own state: it waits for what the first output lends. */
import { lent } from "./lending";
import { nearby } from "./nearby";
import { found } from "./waiting";

function run(module: string, opening: string): void {
  window.nbvizContents = opening;
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

async function borrow(): Promise<void> {
  const { module, opening } = await found(lent, document, complain);
  await nearby();
  run(module, opening);
}

void borrow();
