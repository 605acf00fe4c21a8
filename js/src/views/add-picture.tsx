/** More pictures: by a file, the camera, or a drop anywhere on the widget; and how far they are. */
import { useRef } from "preact/hooks";
import { Camera } from "./camera";
import { useStore } from "./context";
import { Button, OWN_KEYS } from "./controls";

const NO_KERNEL = "Pictures are read by the kernel, and there is none: run the cell again.";
const RECORDED = "Pictures are read by a kernel: this page has none.";

export function AddPicture() {
  const { uploads, transport, traits } = useStore();
  const field = useRef<HTMLInputElement>(null);
  const recorded = traits._holds.value !== null;
  const gone = recorded || transport.link.value === "gone";
  const take = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const files = [...(input.files ?? [])];
    // The same file may be chosen again.
    input.value = "";
    await uploads.add(files);
  };
  return (
    <div class="add">
      <input ref={field} type="file" accept="image/*" multiple hidden onChange={take} {...OWN_KEYS} />
      <Button
        label={recorded ? RECORDED : gone ? NO_KERNEL : "Add pictures from files, or drop them on the widget"}
        onClick={() => field.current?.click()}
        disabled={gone}
      >
        +
      </Button>
      <Camera disabled={gone} />
    </div>
  );
}

/** What is on its way, and what went wrong. */
export function Arrivals() {
  const { uploads } = useStore();
  const sending = uploads.sending.value;
  const troubles = uploads.troubles.value;
  return (
    <>
      {sending && (
        <div class="row">
          <progress
            max={sending.parts}
            value={sending.part}
            aria-label={`Sending ${sending.name}`}
            {...(sending.part === 0 && { value: undefined })}
          />
          <span class="muted">
            {sending.name}
            {sending.waiting > 0 && `, then ${sending.waiting} more`}
          </span>
          <Button kind="quiet" label="Stop sending" onClick={() => uploads.cancel()}>
            cancel
          </Button>
        </div>
      )}
      {troubles.length > 0 && (
        <div class="row">
          <div class="fault" role="alert">
            {troubles.map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
          </div>
          <Button
            kind="quiet"
            label="Close this message"
            onClick={() => {
              uploads.troubles.value = [];
            }}
          >
            ×
          </Button>
        </div>
      )}
      <p class="unseen" role="status">
        {uploads.arrived}
      </p>
    </>
  );
}
