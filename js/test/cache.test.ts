import { expect, it } from "vitest";
import { ResultCache } from "../src/cache";
import type { Result } from "../src/payload";

const result = (key: string, bytes: number): Result =>
  ({ op: "picture", key, meta: {}, bytes: new Uint8Array(bytes) }) as unknown as Result;

it("drops what was used longest ago when its bytes do not fit any more", () => {
  const cache = new ResultCache(10);
  cache.put("a", result("A", 4));
  cache.put("b", result("B", 4));
  cache.get("a");
  cache.put("c", result("C", 4));
  expect(["a", "b", "c"].filter((question) => cache.get(question))).toEqual(["a", "c"]);
  expect(cache.bytes).toBe(8);
});

it("keeps equal content once, for however many questions", () => {
  const cache = new ResultCache(10);
  cache.put("first unit", result("A", 6));
  cache.put("the same unit, written otherwise", result("A", 6));
  expect(cache.bytes).toBe(6);
  expect(cache.get("first unit")).toBe(cache.get("the same unit, written otherwise"));
});

it("does not keep what is larger than all it may hold, nor drop the rest for it", () => {
  const cache = new ResultCache(10);
  cache.put("a", result("A", 4));
  cache.put("b", result("B", 11));
  expect(cache.get("b")).toBeUndefined();
  expect(cache.get("a")).toBeDefined();
});

it("forgets questions whose content is gone", () => {
  const cache = new ResultCache(1);
  for (let i = 0; i < 500; i++) cache.put(`question ${i}`, result(`${i}`, 1));
  expect(cache.get("question 0")).toBeUndefined();
  expect(cache.get("question 499")).toBeDefined();
});
