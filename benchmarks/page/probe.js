// Evaluated in the notebook's page: what the widget hears and paints, and when. All times are performance.now().
() => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const results = [];
  let sent = 0;
  kernel.anyMessage.connect((_, { msg, direction }) => {
    const data = msg.content?.data;
    if (msg.header.msg_type !== "comm_msg" || data?.method !== "custom") return;
    if (direction === "send") sent += 1;
    else if (data.content.type === "result") results.push({ op: data.content.op, at: performance.now() });
  });
  const root = () => [...document.querySelectorAll("*")].find((e) => e.shadowRoot?.querySelector("[data-panel]")).shadowRoot;
  const panel = (name) => root().querySelector(`[data-panel="${name}"]`);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  // Right after a frame, but in a turn of its own, as clicks and keys come: within the frame's own turn, what is asked
  // for would wait until the one after the next.
  const turn = async () => {
    await frame();
    await new Promise((resolve) => setTimeout(resolve));
  };
  // A repainting raises data-seq from within the animation frame that painted.
  const painted = (name) =>
    new Promise((resolve) => {
      const watched = panel(name);
      const before = watched.dataset.seq;
      const observer = new MutationObserver(() => {
        if (watched.dataset.seq === before || watched.dataset.state !== "ready") return;
        observer.disconnect();
        resolve(performance.now());
      });
      observer.observe(watched, { attributes: true });
    });

  window.probe = {
    sent: () => sent,
    /** Do something that asks the kernel; from the answer's arrival to its painting, and from the click to it. */
    async asked(name, op, act) {
      const done = painted(name);
      await turn();
      const begun = performance.now();
      act(root());
      const end = await done;
      const arrived = results.filter((r) => r.op === op).at(-1).at;
      return { whole: end - begun, page: end - arrived };
    },
    /** Do something that the page does alone, right after a frame: how long until it is painted. */
    async alone(name, act) {
      const done = painted(name);
      await turn();
      const begun = performance.now();
      act(root());
      return (await done) - begun;
    },
    /** Scroll the grid by a step a frame; the time between frames. */
    async scrolled(steps, step) {
      const tiles = root().querySelector(".tiles");
      tiles.scrollTop = 0;
      await frame();
      const times = [];
      let last = await frame();
      for (let i = 0; i < steps; i++) {
        tiles.scrollTop += step;
        const now = await frame();
        times.push(now - last);
        last = now;
      }
      return times;
    },
    /** Move over tiles, one a frame. */
    async hovered(count) {
      const cells = [...root().querySelectorAll('[role="gridcell"]')].slice(0, count);
      for (const cell of cells) {
        cell.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, composed: true }));
        await frame();
      }
      return cells.length;
    },
    async idle(frames) {
      for (let i = 0; i < frames; i++) await frame();
    },
  };
}
