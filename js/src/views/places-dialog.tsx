/** Pinned units and kept views: to walk to, to name, to take along as links. */
import { useSignal } from "@preact/signals";
import { parseUnit, type Unit } from "../address";
import { linkTo } from "../addresses";
import {
  changePin,
  dropView,
  faultOfName,
  keepView,
  type Pin,
  showView,
  slug,
  type View,
  walkTo,
  without,
} from "../places";
import { useStore, useView } from "./context";
import { Button, OWN_KEYS, onEnter } from "./controls";
import { Dialog } from "./dialog";
import { Snippet } from "./snippet";

export function PlacesDialog() {
  return (
    <Dialog name="places" title="Pins and bookmarks">
      <Pins />
      <Bookmarks />
    </Dialog>
  );
}

function Pins() {
  const { traits } = useStore();
  const pins = traits.pins.value;
  return (
    <div role="group" aria-label="Pinned units">
      <h4>Pinned units</h4>
      {pins.length === 0 && <p class="muted">None: p, or ☆ beside the unit, pins the chosen one.</p>}
      <ul class="places">
        {pins.map((pin) => (
          <PinRow key={pin.unit} pin={pin} />
        ))}
      </ul>
    </div>
  );
}

function PinRow({ pin }: { pin: Pin }) {
  const { store, dialog, say } = useView();
  const walk = () => {
    walkTo(store, parseUnit(pin.unit) as Unit);
    dialog.value = null;
    say(`Showing ${pin.name || pin.unit}.`);
  };
  return (
    <li>
      <Button onClick={walk} label={`Go to ${pin.unit}`}>
        <span class="code">{pin.unit}</span>
      </Button>
      <TextField
        label={`Name of ${pin.unit}`}
        placeholder="name"
        value={pin.name}
        onChange={(name) => changePin(store, { ...pin, name })}
      />
      <TextField
        label={`Note on ${pin.unit}`}
        placeholder="note"
        value={pin.note}
        onChange={(note) => changePin(store, { ...pin, note })}
      />
      <Button
        kind="quiet"
        label={`Take the pin of ${pin.unit} away`}
        onClick={() => store.setTraits({ pins: without(store.traits.pins.peek(), pin.unit) })}
      >
        ✕
      </Button>
    </li>
  );
}

function Bookmarks() {
  const { traits } = useStore();
  return (
    <div role="group" aria-label="Bookmarks">
      <h4>Bookmarks</h4>
      <ul class="places">
        {Object.entries(traits.bookmarks.value).map(([name, view]) => (
          <BookmarkRow key={name} name={name} view={view} />
        ))}
      </ul>
      <KeepField />
    </div>
  );
}

function BookmarkRow({ name, view }: { name: string; view: View }) {
  const { store, dialog, say } = useView();
  const show = () => {
    const fault = showView(store, view);
    dialog.value = null;
    say(fault ?? `Showing ${name}.`, Boolean(fault));
  };
  return (
    <li>
      <Button onClick={show} label={`Show ${name}`}>
        {name}
      </Button>
      <Snippet code={`[${name}](${linkTo(slug(name))})`} label={`Link to ${name}`} />
      <Button kind="quiet" label={`Remove the bookmark ${name}`} onClick={() => dropView(store, name)}>
        ✕
      </Button>
    </li>
  );
}

/** Keeps what is shown now under the name that is typed. */
function KeepField() {
  const { store, say } = useView();
  const fault = useSignal<string | null>(null);
  const written = useSignal("");
  const keep = () => {
    const name = written.peek().trim();
    fault.value = faultOfName(store, name);
    if (fault.value) return;
    keepView(store, name);
    written.value = "";
    say(`Kept as ${name}.`);
  };
  return (
    <div class="row">
      <input
        type="text"
        aria-label="Name of a new bookmark"
        aria-invalid={fault.value !== null}
        placeholder="name what is shown now…"
        value={written.value}
        onInput={(event) => {
          written.value = event.currentTarget.value;
        }}
        onKeyDown={onEnter(keep)}
        {...OWN_KEYS}
      />
      <Button onClick={keep}>Bookmark this view</Button>
      {fault.value && (
        <p class="fault" role="alert">
          {fault.value}
        </p>
      )}
    </div>
  );
}

interface TextProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}

function TextField({ label, placeholder, value, onChange }: TextProps) {
  const take = (event: Event) => {
    const typed = (event.currentTarget as HTMLInputElement).value;
    if (typed !== value) onChange(typed);
  };
  return (
    <input
      type="text"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={take}
      onKeyDown={onEnter(take)}
      {...OWN_KEYS}
    />
  );
}
