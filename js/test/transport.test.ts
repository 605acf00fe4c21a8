import { afterEach, beforeEach, describe, expect, it, type Mock, vi } from "vitest";
import type { Listener } from "../src/transport";
import { Transport } from "../src/transport";
import { PATIENCE_MS } from "../src/vigil";
import { asModel, FakeModel, last, requests } from "./helpers";

const listener = (): { [K in keyof Listener]: Mock<Listener[K]> } => ({
  queued: vi.fn(),
  accepted: vi.fn(),
  progress: vi.fn(),
  result: vi.fn(),
  failure: vi.fn(),
  cancelled: vi.fn(),
  gone: vi.fn(),
});

const QUESTION = { op: "picture", image: 0 };
const META = { height: 1, width: 1, name: "dot", note: "", predictions: [] };
const result = (rid: string) => ({ type: "result", rid, op: "picture", key: "k", meta: META });
const DOT = [Uint8Array.of(1, 2, 3)];

describe("transport", () => {
  let model: FakeModel;
  let transport: Transport;
  let paint: (() => void)[];

  beforeEach(() => {
    vi.useFakeTimers();
    paint = [];
    model = new FakeModel({});
    model.silent = true;
    transport = new Transport(asModel(model), (task) => void paint.push(task));
  });
  afterEach(() => {
    transport.dispose();
    vi.useRealTimers();
  });

  const ask = (heard: Listener) => transport.request("picture", QUESTION, heard);

  it("settles a request once, by its own name", () => {
    const heard = listener();
    const rid = ask(heard);
    model.say(result(rid), DOT);
    model.say(result(rid), DOT);
    model.say({ type: "failure", rid, op: "picture", kind: "X", message: "", traceback: "" });
    expect(heard.result).toHaveBeenCalledOnce();
    expect(heard.failure).not.toHaveBeenCalled();
  });

  it("ignores what arrives for a request that a newer one of its slot superseded", () => {
    const [older, newer] = [listener(), listener()];
    const first = ask(older);
    const second = ask(newer);
    model.say(result(first), DOT);
    model.say({ type: "progress", rid: first, seq: 0, step: 1, steps: 2, message: "", meta: {} });
    model.say(result(second), DOT);
    expect(older.result).not.toHaveBeenCalled();
    expect(older.progress).not.toHaveBeenCalled();
    expect(newer.result).toHaveBeenCalledOnce();
    expect(paint).toEqual([]);
  });

  it("sends the bytes of an upload beside it, also when it asks again", () => {
    const bytes = Uint8Array.of(1, 2, 3).buffer;
    const part = { op: "upload", file: "f", name: "cat.png", part: 0, parts: 1 };
    transport.request("upload", part, listener(), [bytes]);
    model.say({ type: "welcome", revision: 0 });
    expect(requests(model, "upload")).toHaveLength(2);
    expect(model.beside).toEqual([[bytes], [bytes]]);
  });

  it("keeps slots apart", () => {
    const [picture, maps] = [listener(), listener()];
    const rid = ask(picture);
    transport.request("maps", { op: "maps", image: 0, layer: "a" }, maps);
    model.say(result(rid), DOT);
    expect(picture.result).toHaveBeenCalledOnce();
  });

  it("tells that a request waits behind a running cell after two seconds without an answer", () => {
    const heard = listener();
    const rid = ask(heard);
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    expect(heard.queued).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(heard.queued).toHaveBeenCalledOnce();
    expect(transport.link.value).toBe("busy");
    model.say({ type: "ack", rid, state: "queued" });
    expect(heard.accepted).toHaveBeenCalledOnce();
    expect(transport.link.value).toBe("live");
  });

  it("asks again what was not heard once the kernel answers a greeting, under the same name", () => {
    const [waiting, accepted] = [listener(), listener()];
    const rid = ask(waiting);
    const other = transport.request("maps", { op: "maps", image: 0, layer: "a" }, accepted);
    model.say({ type: "ack", rid: other, state: "queued" });
    model.say({ type: "welcome", revision: 0 });
    const asked = requests(model).map((message) => message.rid);
    expect(asked).toEqual([rid, other, rid]);
    model.say({ type: "ack", rid, state: "queued" });
    model.say({ type: "welcome", revision: 0 });
    expect(requests(model)).toHaveLength(3);
  });

  it("cancels what was not heard when a newer one of its slot supersedes it: it may arrive later", () => {
    const first = ask(listener());
    const second = ask(listener());
    expect(model.sent).toContainEqual({ type: "cancel", rid: first });
    model.say({ type: "ack", rid: second, state: "queued" });
    ask(listener());
    expect(model.sent).not.toContainEqual({ type: "cancel", rid: second });
  });

  it("does not call an acknowledged request queued, however long it takes", () => {
    const heard = listener();
    model.say({ type: "ack", rid: ask(heard), state: "queued" });
    vi.advanceTimersByTime(60_000);
    expect(heard.queued).not.toHaveBeenCalled();
  });

  it("says hello, hears welcome, and is busy without one", () => {
    transport.hello();
    expect(last(model)).toMatchObject({ type: "hello" });
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(transport.link.value).toBe("busy");
    const revisions: number[] = [];
    transport.onRevision = (revision) => revisions.push(revision);
    model.say({ type: "welcome", revision: 4 });
    expect([transport.link.value, transport.welcomed, revisions]).toEqual(["live", true, [4]]);
  });

  it("knows a kernel that is gone by a send that throws, and tells every request in flight", () => {
    const waiting = listener();
    transport.request("maps", { op: "maps", image: 0, layer: "a" }, waiting);
    model.dead = true;
    const heard = listener();
    ask(heard);
    expect(waiting.gone).toHaveBeenCalledOnce();
    expect(heard.gone).toHaveBeenCalledOnce();
    expect(transport.link.value).toBe("gone");
    vi.advanceTimersByTime(60_000);
    expect(heard.queued).not.toHaveBeenCalled();
  });

  it("sends nothing while the host says that there is no kernel, and greets again afterwards", () => {
    transport.disconnect();
    ask(listener());
    transport.hello();
    expect(model.sent).toEqual([]);
    transport.reconnect();
    expect(model.sent).toHaveLength(1);
  });

  it("asks after a kernel that went quiet in the middle of a computation, and finds it gone", () => {
    const heard = listener();
    model.say({ type: "ack", rid: ask(heard), state: "queued" });
    vi.advanceTimersByTime(6000);
    expect(last(model).type).toBe("hello");
    model.dead = true;
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(heard.gone).toHaveBeenCalledOnce();
    expect(transport.link.value).toBe("gone");
  });

  it("asks at once when the host's connection changes, and ever more rarely while nothing answers", () => {
    model.fire("comm_live_update");
    expect(last(model).type).toBe("hello");
    vi.advanceTimersByTime(60_000);
    expect(model.sent.length).toBeLessThan(8);
    expect(transport.link.value).toBe("busy");
  });

  it("leaves an idle kernel alone", () => {
    const heard = listener();
    const rid = ask(heard);
    model.say(result(rid), DOT);
    vi.advanceTimersByTime(600_000);
    expect(requests(model).length).toBe(model.sent.length);
  });

  it("acknowledges a frame only after it was painted", () => {
    const rid = ask(listener());
    model.say({ type: "progress", rid, seq: 7, step: 1, steps: 2, message: "", meta: {} });
    expect(last(model).type).toBe("request");
    for (const task of paint) task();
    expect(last(model)).toEqual({ type: "frame_ack", rid, seq: 7 });
  });

  it("cancels by name, and only what is in flight", () => {
    const heard = listener();
    const rid = ask(heard);
    transport.cancel("picture");
    transport.cancel("picture");
    expect(model.sent.filter((m) => m.type === "cancel")).toEqual([{ type: "cancel", rid }]);
    model.say(result(rid), DOT);
    expect(heard.result).not.toHaveBeenCalled();
  });

  it("turns an answer that does not fit the protocol into a failure of the panel", () => {
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    const heard = listener();
    const rid = ask(heard);
    model.say(result(rid), [Uint8Array.of(1)]);
    expect(heard.failure).toHaveBeenCalledOnce();
    expect(heard.failure.mock.calls[0]?.[0].message).toMatch(/expected 3 bytes, got 1/);
    complaint.mockRestore();
  });

  it("names requests so that no other page uses the same", () => {
    ask(listener());
    ask(listener());
    expect(new Set(requests(model).map((m) => m.rid)).size).toBe(2);
  });
});
