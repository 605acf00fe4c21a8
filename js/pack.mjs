// Packs the widgets' module: every widget of a notebook carries it in its state, so each byte counts as often as
// there are widgets. Unpacking takes a few milliseconds, once a page: all widgets of a page share what was unpacked.
import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";

const loader = (name, packed) => `const load = async () => {
  const bytes = Uint8Array.from(atob("${packed}"), (c) => c.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const text = await new Response(unpacked).text();
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
};
export default (await (globalThis[Symbol.for("${name}")] ??= load())).default;
`;

/** A module that unpacks the given one and hands on its default export. */
export function pack(source) {
  const name = `nbviz ${createHash("sha256").update(source).digest("hex").slice(0, 16)}`;
  const traceable = Buffer.concat([source, Buffer.from(`//# sourceURL=${name.replace(" ", "-")}.js\n`)]);
  return loader(name, deflateRawSync(traceable, { level: 9 }).toString("base64"));
}
