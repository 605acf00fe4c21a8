import { afterEach, expect, it } from "vitest";
import { breathe, mounted, panel, settled } from "./helpers";

let view: Awaited<ReturnType<typeof mounted>>;
afterEach(() => view?.life.abort());

const marks = () => [
  ...panel(view.root, "overlay").querySelectorAll<SVGRectElement>(".marks .field:not(.under)"),
];
const box = () => {
  const [mark] = marks();
  return ["y", "x", "height", "width"].map((name) => Number(mark?.getAttribute(name)));
};
/** What the example's 14 rows see of 224 pixels: 40, centred, cut at the border. */
const edges = (row: number) => {
  const middle = (row + 0.5) * 16;
  return [Math.max(0, Math.round(middle - 20)), Math.min(224, Math.round(middle + 20))] as const;
};
const boxAt = (row: number, column: number) => {
  const [[top, bottom], [left, right]] = [edges(row), edges(column)];
  return [top, left, bottom - top, right - left];
};

it("the chosen layer's receptive field lies on the picture: in its middle, under the pointer, where the unit is", async () => {
  view = await mounted("explorer", { unit: "layer3.1.conv2:17@3,0" });
  expect(marks()).toHaveLength(1);
  expect(box()).toEqual(boxAt(7, 7));
  const picture = panel(view.root, "overlay").querySelector(".picture") as HTMLElement;
  picture.getBoundingClientRect = () => ({ top: 0, left: 0, height: 140, width: 140 }) as DOMRect;
  const move = new PointerEvent("pointermove", { clientX: 75, clientY: 139, bubbles: true, isPrimary: true });
  picture.dispatchEvent(move);
  await breathe();
  expect(box()).toEqual(boxAt(13, 7));
  picture.dispatchEvent(new MouseEvent("pointerleave"));
  await breathe();
  expect(box()).toEqual(boxAt(7, 7));
  view.root.querySelector<HTMLElement>('[data-value="unit"]')?.click();
  await breathe();
  expect(view.root.querySelector(".marks .neuron")).not.toBeNull();
});

it("of one number a unit there is none", async () => {
  view = await mounted();
  expect(marks()).toHaveLength(1);
  view.model.set("layer", "fc");
  await breathe();
  await settled(view.root);
  expect(marks()).toHaveLength(0);
});
