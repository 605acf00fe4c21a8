import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import golden from "../../tests/contract/sharing/wants.json";
import { canonical } from "../src/host/model";
import type { SlotName } from "../src/protocol";
import { createStore, type Store } from "../src/store";
import type { Traits } from "../src/traits";
import * as wants from "../src/wants";
import { asModel, exampleTraits, FakeModel } from "./helpers";

/** What each panel asks for by itself, or on demand. */
const ASKED: Record<string, (store: Store) => { op: string; args: object } | "wait" | null> = {
  thumbnails: wants.thumbnails,
  picture: wants.picture,
  maps: wants.maps,
  overlay: wants.overlay,
  projection: wants.projection,
  excites: wants.synthesis,
  filters: wants.filters,
};

describe("what a page asks for is what Python records", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  for (const { says, state, class_method, synthesised, questions } of golden.cases) {
    it(says, () => {
      const view = state._view as Traits["_view"];
      const model = new FakeModel({ ...exampleTraits(view), ...golden.state, ...state });
      const store = createStore(asModel(model), (task) => task());
      const detach = store.attach();
      vi.advanceTimersByTime(100);
      store.local.classMethod.value = class_method;
      const panels = store.panels.filter((panel: SlotName) => panel !== "excites" || synthesised);
      const asked = panels.flatMap((panel) => {
        const want = ASKED[panel]?.(store);
        return want && want !== "wait" ? [`${want.op} ${canonical(want.args)}`] : [];
      });
      expect(asked.sort()).toEqual(questions.map(({ op, args }) => `${op} ${canonical(args)}`).sort());
      detach();
      store.dispose();
    });
  }
});
