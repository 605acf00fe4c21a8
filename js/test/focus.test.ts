import { afterEach, beforeEach, expect, it } from "vitest";
import { keepFocus } from "../src/views/focus";
import { breathe } from "./helpers";

let life: AbortController;
let root: ShadowRoot;
const at = (selector: string) => root.querySelector(selector) as HTMLElement;

beforeEach(() => {
  life = new AbortController();
  const host = document.createElement("div");
  document.body.append(host);
  root = host.attachShadow({ mode: "open" });
  root.innerHTML = `
    <div class="pane"><div class="row"><button class="one">one</button><button class="two">two</button></div></div>
    <button class="apart">apart</button>`;
  keepFocus(root, life.signal);
});
afterEach(() => {
  life.abort();
  document.body.replaceChildren();
});

it("stays with the nearest part that is left when what has it vanishes", async () => {
  at(".one").focus();
  at(".one").remove();
  await breathe();
  expect(root.activeElement).toBe(at(".row"));
  at(".two").focus();
  at(".row").remove();
  await breathe();
  expect(root.activeElement).toBe(at(".pane"));
});

it("stays, too, where the browser tells of the leaving before it takes away", async () => {
  at(".one").focus();
  at(".one").blur();
  at(".one").remove();
  await breathe();
  expect(root.activeElement).toBe(at(".row"));
});

it("is not taken from where it went meanwhile, nor back from outside", async () => {
  at(".one").focus();
  at(".one").remove();
  at(".apart").focus();
  await breathe();
  expect(root.activeElement).toBe(at(".apart"));
  at(".apart").blur();
  await breathe();
  at(".apart").textContent = "left";
  at(".two").remove();
  await breathe();
  expect(root.activeElement).toBeNull();
  at(".apart").focus();
  life.abort();
  at(".apart").remove();
  await breathe();
  expect(root.activeElement).toBeNull();
});
