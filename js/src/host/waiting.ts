/** What another document is about to bring. */

const EVERY_MS = 50;
const PATIENCE_MS = 5000;

/**
 * The first thing that `look` finds. Rejects where it is not there some time after `around` is loaded; `missed` is
 * called then, and the search goes on where that is given.
 */
export function found<T>(look: () => T | undefined, around: Document, missed?: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let since: number | undefined;
    let told = false;
    const attempt = () => {
      const it = look();
      if (it !== undefined) return resolve(it);
      if (around.readyState !== "loading") since ??= performance.now();
      if (!told && since !== undefined && performance.now() - since > PATIENCE_MS) {
        told = true;
        if (!missed) return reject(new Error("it lies beside this view, and is not there"));
        missed();
      }
      setTimeout(attempt, EVERY_MS);
    };
    attempt();
  });
}
