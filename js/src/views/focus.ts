/**
 * What has the focus may vanish: a button that did its work, a unit that another takes the place of. Browsers then drop
 * the focus, and with it the keys of the whole view; here it stays with the nearest part that is still there.
 */
export function keepFocus(root: ShadowRoot, signal: AbortSignal): void {
  /** What has the focus, and all that it lies in, innermost first. */
  let path: HTMLElement[] = [];
  const note = (event: Event) => {
    path = event
      .composedPath()
      .filter((one) => one instanceof HTMLElement && root.contains(one)) as HTMLElement[];
  };
  const leave = ({ target }: Event) => {
    // Some browsers tell of what is about to be taken away, too: that is still to be made good.
    queueMicrotask(() => {
      if (path[0] === target && path[0]?.isConnected) path = [];
    });
  };
  const watcher = new MutationObserver(() => {
    if (path.length === 0 || path[0]?.isConnected) return;
    const left = path.find((one) => one.isConnected);
    path = [];
    if (left && !root.activeElement) take(left);
  });
  root.addEventListener("focusin", note, { signal });
  root.addEventListener("focusout", leave, { signal });
  watcher.observe(root, { childList: true, subtree: true });
  signal.addEventListener("abort", () => watcher.disconnect());
}

/** The focus for a part that Tab does not stop at. */
function take(part: HTMLElement): void {
  if (!part.hasAttribute("tabindex")) part.setAttribute("tabindex", "-1");
  part.focus({ preventScroll: true });
}
