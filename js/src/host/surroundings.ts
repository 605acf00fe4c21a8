/** A page that lies in a notebook's output takes the notebook's theme, and makes room for itself. */

/** The frame that this page lies in, where its document may be looked at. */
export function frame(): HTMLIFrameElement | null {
  try {
    return window.frameElement as HTMLIFrameElement | null;
  } catch {
    return null;
  }
}

export function fitIn(): void {
  const around = frame();
  if (!around) return;
  // The pictures that readers without scripts see say the same as what stands here now.
  let still = around.previousElementSibling as HTMLElement | null;
  for (; still?.matches("figure"); still = still.previousElementSibling as HTMLElement | null) {
    still.style.display = "none";
  }
  new ResizeObserver(() => {
    around.style.height = `${Math.ceil(document.documentElement.getBoundingClientRect().height)}px`;
  }).observe(document.documentElement);
  takeTheme(around.ownerDocument);
}

/** JupyterLab's colours are custom properties, which do not reach into a frame by themselves. */
function takeTheme(notebook: Document): void {
  const { body } = notebook;
  const take = () => {
    if (!body.hasAttribute("data-jp-theme-light")) return;
    const theirs = getComputedStyle(body);
    const own = document.documentElement.style;
    for (const name of USED) own.setProperty(name, theirs.getPropertyValue(name));
    own.colorScheme = body.dataset.jpThemeLight === "true" ? "light" : "dark";
  };
  take();
  // The style sheet of a theme arrives after the attribute that announces it.
  new MutationObserver(() => setTimeout(take, 300)).observe(body, { attributes: true });
}

/** The properties that the style sheet of the widgets reads. */
const USED = [
  "--jp-layout-color1",
  "--jp-ui-font-color0",
  "--jp-brand-color1",
  "--jp-error-color1",
  "--jp-ui-font-family",
  "--jp-code-font-family",
];
