/** What a page without a kernel is made from; written by nbviz/sharing/document.py. */
import { anything, type Check, type Checked, count, list, name, oneOf, record, text } from "../check";

/** The newest form of the document that this page reads. */
export const FORMAT = 2;

/** Where a part's bytes lie in the text of contents, and how they were packed. */
const part = record({ codec: oneOf("plain", "deflate", "webp"), channels: count, from: count, to: count });
export type Part = Checked<typeof part>;

const content = record({ op: name, key: name, meta: anything, parts: list(part) });
export type Content = Checked<typeof content>;

/** Index of the content that answers the operation with these arguments. */
export interface Answered {
  op: string;
  args: Record<string, unknown>;
  content: number;
}
const answered: Check<Answered> = record({ op: name, args: anything, content: count });

const model = record({ state: anything, answers: list(answered) });
export type ModelRecord = Checked<typeof model>;

const end = record({ model: count, trait: name });
/** Two traits that are kept equal; a directional one goes from the first to the second only. */
const link = record({ source: end, target: end, both: oneOf(0, 1) });
export type Link = Checked<typeof link>;

export type Layout =
  | { model: number }
  | { missing: string }
  | { box: string; titles: string[]; children: Layout[] };

function layout(value: unknown, at: string): Layout {
  const node = anything(value, at);
  if ("model" in node) return { model: count(node.model, `${at}.model`) };
  if ("missing" in node) return { missing: text(node.missing, `${at}.missing`) };
  const children = list<Layout>(layout)(node.children, `${at}.children`);
  return { box: name(node.box, `${at}.box`), titles: list(text)(node.titles, `${at}.titles`), children };
}

const recorded = record({
  version: text,
  models: list(model),
  contents: list(content),
  links: list(link),
  layout,
});
export type Recorded = Checked<typeof recorded>;

/** Validate a document; a newer form is refused with a sentence that says which nbviz wrote it. */
export function readDocument(value: unknown): Recorded {
  const head = anything(value, "document");
  if (typeof head.format !== "number" || head.format > FORMAT) {
    throw new Error(
      `this recording was written by nbviz ${String(head.version)} in a form that this page cannot read`,
    );
  }
  return recorded(value, "document");
}
