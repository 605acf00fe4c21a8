/** How to pass on what is shown: the lines to run, and the link to this place. */
import { formatUnit } from "../address";
import { linkTo } from "../addresses";
import { useStore } from "./context";
import { Dialog } from "./dialog";
import { Snippet } from "./snippet";

export function ShareDialog() {
  return (
    <Dialog name="share" title="Share">
      <Ways />
    </Dialog>
  );
}

function Ways() {
  const { traits, unit } = useStore();
  const place = unit.value ? formatUnit(unit.value) : traits.layer.value;
  // A page without a kernel is shared already: what is left to pass on is its address.
  if (traits._holds.value && window === window.parent) {
    const address = `${location.href.replace(/#.*$/, "")}#${encodeURI(place)}`;
    return <Snippet code={address} label="Address of this place" />;
  }
  return (
    <>
      <p>Within this notebook: a link for a Markdown cell that leads here.</p>
      <Snippet code={`[${place}](${linkTo(place)})`} label="Link to this place" />
      <p class="muted">A bookmark (★) keeps the picture, the overlay and all settings, too.</p>
      <p>For readers without Python, where w is this widget: a page of its own that works offline,</p>
      <Snippet code='w.to_html("explorer.html")' label="Write a page" />
      <p>or the notebook itself, made readable without a kernel:</p>
      <Snippet code="w.snapshot()" label="Keep what is shown in this notebook" />
      <Snippet code="nbviz freeze notebook.ipynb" label="Freeze a notebook, in a terminal" />
    </>
  );
}
