import { Dialog } from "./dialog";
import { KEYS } from "./keys";

export function Help() {
  return (
    <Dialog name="keys" title="Keys">
      <dl class="keys">
        {KEYS.map(({ written, does }) => (
          <div key={written}>
            <dt>
              <kbd>{written}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        Hovering a channel shows its map over the picture; clicking locks it. With “unit” over the picture,
        clicking the picture picks one neuron. ✦ beside a class draws what excites it.
      </p>
    </Dialog>
  );
}
