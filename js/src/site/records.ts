/** The files of an atlas as a site, read by byte ranges; written by nbviz/sharing/site.py. */
import { type Checked, count, list, nullable, number, record, text } from "../check";

const layer = record({
  name: text,
  number: count,
  channels: count,
  field: text,
  columns: count,
  tile: count,
});
export type SiteLayer = Checked<typeof layer>;

const site = record({ network: text, pictures: count, layers: list(layer) });
export type SiteFacts = Checked<typeof site>;
export const readSite = (value: unknown): SiteFacts => site(value, "site");

const numbers = list(nullable(number));
const index = record({ ends: list(count), high: numbers, mean: numbers, fired: numbers });
export type Index = Checked<typeof index>;

const picture = { length: count, height: count, width: count };
const patch = record({
  score: number,
  label: nullable(text),
  name: text,
  box: list(number),
  position: list(count),
  ...picture,
});
const projection = record({
  scale: nullable(number),
  activation: nullable(number),
  ratio: nullable(number),
  note: text,
  ...picture,
});

export type Patch = Checked<typeof patch> & { url: string };
export type Projection = Checked<typeof projection> & { url: string };

export interface Unit {
  unit: string;
  patches: Patch[];
  edges: (number | null)[];
  counts: number[];
  classes: [name: string, count: number][];
  projections: [kind: string, pictures: Projection[]][];
}

const head = record({ unit: text, patches: list(patch), edges: numbers, counts: list(count) });

/** Takes the pictures from the bytes in their order. */
function cutter(bytes: ArrayBuffer, from: number) {
  let at = from;
  return <T extends { length: number }>(facts: T): T & { url: string } => {
    const part = bytes.slice(at, at + facts.length);
    at += facts.length;
    const url = facts.length ? URL.createObjectURL(new Blob([part], { type: "image/webp" })) : "";
    return { ...facts, url };
  };
}

/** A record: the length of the JSON, the JSON, the pictures. */
export function readUnit(bytes: ArrayBuffer): Unit {
  const length = new DataView(bytes).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(bytes.slice(4, 4 + length)));
  const cut = cutter(bytes, 4 + length);
  const read = head(facts, "record");
  const patches = read.patches.map(cut);
  const kinds = Object.entries(facts.projections as Record<string, unknown>);
  return {
    ...read,
    patches,
    classes: Object.entries(facts.classes as Record<string, number>),
    projections: kinds.map(([kind, all]) => [kind, list(projection)(all, kind).map(cut)]),
  };
}

/** Some bytes of a file; a server that knows no ranges sends all of it, which is kept then. */
const whole = new Map<string, ArrayBuffer>();
async function bytesOf(url: string, from: number, to: number): Promise<ArrayBuffer> {
  const kept = whole.get(url);
  if (kept) return kept.slice(from, to);
  const answer = await fetch(url, { headers: { Range: `bytes=${from}-${to - 1}` } });
  if (!answer.ok) throw new Error(`${url} cannot be read: ${answer.status} ${answer.statusText}`);
  const bytes = await answer.arrayBuffer();
  if (answer.status === 206) return bytes;
  whole.set(url, bytes);
  return bytes.slice(from, to);
}

const indices = new Map<number, Promise<Index>>();
export function indexOf({ number }: SiteLayer): Promise<Index> {
  const url = `${number}.json`;
  const read = async () => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} cannot be read: ${answer.status} ${answer.statusText}`);
    return index(await answer.json(), url);
  };
  const found = indices.get(number) ?? read();
  indices.set(number, found);
  return found;
}

export async function unitOf(of: SiteLayer, channel: number): Promise<Unit> {
  const { ends } = await indexOf(of);
  return readUnit(await bytesOf(`${of.number}.bin`, ends[channel] as number, ends[channel + 1] as number));
}
