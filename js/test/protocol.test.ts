// @vitest-environment node
/// <reference types="node" />
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ProtocolError } from "../src/check";
import { readResult } from "../src/payload";
import { parseIncoming, parseOutgoing, type ResultMessage } from "../src/protocol";

const GOLDEN = new URL("../../tests/contract/", import.meta.url);
const FROM_PAGE = ["hello", "request", "cancel", "frame_ack"];

for (const file of readdirSync(GOLDEN).filter((name: string) => name.endsWith(".json"))) {
  const type = file.replace(".json", "");
  const parse = FROM_PAGE.includes(type) ? parseOutgoing : parseIncoming;
  const golden = JSON.parse(readFileSync(new URL(file, GOLDEN), "utf8"));
  const named = (messages: object[]) =>
    messages.map((message) => ({ name: JSON.stringify(message), message }));
  describe(`golden messages: ${type}`, () => {
    it.each(named(golden.valid))("reads $name", ({ message }) => {
      expect(parse(message)).toEqual(message);
    });
    it.each(named(golden.invalid))("refuses $name", ({ message }) => {
      expect(() => parse(message)).toThrow(ProtocolError);
    });
  });
}

it.each([null, 3, "welcome", [], {}, { type: "hello" }, { type: "toString" }, { type: 4 }])(
  "refuses what is no message of the kernel: %j",
  (message) => {
    expect(() => parseIncoming(message)).toThrow(ProtocolError);
  },
);

it("drops what a newer kernel says beyond this protocol", () => {
  expect(parseIncoming({ type: "welcome", revision: 1, news: true })).toEqual({
    type: "welcome",
    revision: 1,
  });
});

it("names the field that does not fit", () => {
  expect(() => parseIncoming({ type: "welcome", revision: "1" })).toThrow(/welcome\.revision/);
});

describe("buffers", () => {
  const meta = { layer: "a", channels: 2, height: 1, width: 2, full: [1, 2] as const, lo: 0, hi: 3 };
  const message = { type: "result", rid: "r", op: "maps", key: "k", meta } as unknown as ResultMessage;

  /** A view that begins at an odd byte of a larger buffer. */
  const odd = (array: Uint8Array | Float32Array | Int32Array) => {
    const copy = new Uint8Array(array.byteLength + 6).fill(255);
    copy.set(new Uint8Array(array.buffer), 3);
    return new DataView(copy.buffer, 3, array.byteLength);
  };
  const numbers = (...values: number[]) => odd(Float32Array.from(values));
  const buffers = [
    odd(Uint8Array.of(0, 255, 7, 9)),
    numbers(0, -1.5),
    numbers(3, 2),
    numbers(3.25, 2),
    odd(Int32Array.of(1, 0)),
  ];

  it("are read within the view's own window, wherever it begins", () => {
    const { bytes } = readResult(message, buffers) as Extract<
      ReturnType<typeof readResult>,
      { bytes: object }
    >;
    expect(bytes).toEqual({
      pixels: Uint8Array.of(0, 255, 7, 9),
      lo: Float32Array.of(0, -1.5),
      hi: Float32Array.of(3, 2),
      max: Float32Array.of(3.25, 2),
      argmax: Int32Array.of(1, 0),
    });
  });

  it("that are missing or of another length are refused", () => {
    expect(() => readResult(message, buffers.slice(0, 4))).toThrow(/argmax/);
    expect(() => readResult(message, [odd(Uint8Array.of(1)), ...buffers.slice(1)])).toThrow(
      /expected 4 bytes, got 1/,
    );
  });
});
