/** Small parsers for values from outside: each returns the value typed, or throws naming what did not fit. */

export class ProtocolError extends Error {
  override name = "ProtocolError";
}

export type Check<T> = (value: unknown, at: string) => T;
export type Checked<C> = C extends Check<infer T> ? T : never;

function expect<T>(fits: (value: unknown) => boolean, what: string): Check<T> {
  return (value, at) => {
    if (!fits(value)) throw new ProtocolError(`${at}: expected ${what}, got ${JSON.stringify(value)}`);
    return value as T;
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text = expect<string>((v) => typeof v === "string", "text");
export const name = expect<string>((v) => typeof v === "string" && v !== "", "a name");
export const flag = expect<boolean>((v) => typeof v === "boolean", "true or false");
export const number = expect<number>((v) => Number.isFinite(v), "a number");
export const count = expect<number>(
  (v) => Number.isInteger(v) && (v as number) >= 0,
  "a whole number from 0",
);
export const positive = expect<number>((v) => Number.isFinite(v) && (v as number) > 0, "a number above 0");
export const size = expect<number>((v) => Number.isInteger(v) && (v as number) > 0, "a whole number from 1");
export const anything = expect<Record<string, unknown>>(isObject, "an object");

/** What a parameter can be set to; null leaves the choice to the method. */
export const plain = expect<string | number | boolean | null>(
  (v) => v === null || typeof v === "string" || typeof v === "boolean" || Number.isFinite(v),
  "text, a number, true, false or null",
);

export const oneOf = <const T extends readonly (string | number)[]>(...names: T): Check<T[number]> =>
  expect((v) => names.includes(v as string), `one of ${names.join(", ")}`);

export const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, at) =>
    value === null ? null : check(value, at);

/** What may be left out. */
export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, at) =>
    value === undefined ? undefined : check(value, at);

export const list =
  <T>(check: Check<T>): Check<T[]> =>
  (value, at) => {
    if (!Array.isArray(value))
      throw new ProtocolError(`${at}: expected a list, got ${JSON.stringify(value)}`);
    return value.map((item, i) => check(item, `${at}[${i}]`));
  };

export const tuple =
  <T, const N extends readonly unknown[]>(check: Check<T>, ...places: N): Check<{ [K in keyof N]: T }> =>
  (value, at) => {
    const items = list(check)(value, at);
    if (items.length !== places.length) throw new ProtocolError(`${at}: expected ${places.length} values`);
    return items as { [K in keyof N]: T };
  };

/** An object of any keys, whose values are all of one kind. */
export const byName =
  <T>(check: Check<T>): Check<Record<string, T>> =>
  (value, at) => {
    const entries = Object.entries(anything(value, at));
    return Object.fromEntries(entries.map(([key, item]) => [key, check(item, `${at}.${key}`)]));
  };

/** Keys beyond the shape are dropped: a newer kernel may say more than this page knows. */
export const record =
  <S extends Record<string, Check<unknown>>>(shape: S): Check<{ [K in keyof S]: Checked<S[K]> }> =>
  (value, at) => {
    const object = anything(value, at);
    const entries = Object.entries(shape).map(([key, check]) => [key, check(object[key], `${at}.${key}`)]);
    return Object.fromEntries(entries);
  };
