import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import golden from "../../tests/contract/sharing/wants.json";
import { canonical } from "../src/host/model";
import { createStore } from "../src/store";
import type { Traits } from "../src/traits";
import { asModel, exampleTraits, FakeModel, requests } from "./helpers";

interface Case {
  says: string;
  state: Partial<Traits>;
  /** What Python does not know of. */
  at: {
    class_method?: string;
    synthesised?: boolean;
    show?: string;
    sort?: string;
    groups?: number;
    drawn?: boolean;
  };
  questions: { op: string; args: object }[];
}

/** The newest question of every panel, and all batches of one that comes in batches. */
function asked(model: FakeModel): string[] {
  const part = (request: object) => ("first" in request ? request.first : "");
  const newest = new Map(requests(model).map((request) => [`${request.slot}${part(request)}`, request]));
  return [...newest.values()].map(({ type, rid, slot, op, ...args }) => `${op} ${canonical(args)}`).sort();
}

describe("what a page asks for is what Python records", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  for (const { says, state, at, questions } of golden.cases as Case[]) {
    it(says, async () => {
      const view = state._view;
      const model = new FakeModel({ ...exampleTraits(view), ...golden.state, ...state });
      const store = createStore(asModel(model), (task) => task());
      const detach = store.attach();
      vi.advanceTimersByTime(100);
      if (at.class_method) store.local.classMethod.value = at.class_method;
      if (at.show) store.local.grid.show.value = at.show as "weights";
      if (at.sort) store.local.grid.sort.value = at.sort as "contribution";
      if (at.groups) store.local.grid.groups.value = at.groups;
      if (at.synthesised) store.startSynthesis();
      if (at.drawn)
        for (const side of [store, ...(state._beside ? [store.beside()] : [])]) side.startGallery();
      await vi.advanceTimersByTimeAsync(100);
      expect(asked(model)).toEqual(questions.map(({ op, args }) => `${op} ${canonical(args)}`).sort());
      detach();
      store.dispose();
    });
  }
});
