/** Anything that can be looked for, by typing a part of its name. */
import { find } from "../find";
import { Combobox } from "./combobox";
import { useView } from "./context";

export function Find() {
  const { store, say } = useView();
  return (
    <div class="find">
      <Combobox
        label="Find a unit, a layer, a label, a pin or a bookmark (/)"
        placeholder="find unit… /"
        nothing="nothing of that name"
        search={(query) =>
          find(store, query).map((found) => ({
            ...found,
            choose: () => {
              const fault = found.choose();
              say(fault ?? `Showing ${found.label}.`, Boolean(fault));
            },
          }))
        }
      />
    </div>
  );
}
