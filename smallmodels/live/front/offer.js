// The button that starts the small model; nothing of it is loaded before.
import { button, h } from "./dom.js";

/**
 * Offers the play of a view, if it has one. `start(section)` brings it to life and rejects, in words for a
 * reader, where it cannot; what was recorded stands then.
 */
export function offerPlay(view, start) {
  const section = view.root.querySelector(".play");
  if (!section) return;
  const said = h("p", { class: "play-said", role: "status" });
  const go = button(section.dataset.offer ?? "Start", async () => {
    go.disabled = true;
    said.textContent = "The small model is coming.";
    try {
      await start(section);
    } catch (problem) {
      go.disabled = false;
      said.textContent = `The small model could not start here (${problem.message.replace(/\.$/, "")}); what was recorded stands.`;
    }
  });
  section.prepend(h("div", { class: "play-offer" }, go, said));
}
