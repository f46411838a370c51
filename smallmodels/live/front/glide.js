// Marks that glide from where they stood to where they stand: vega has drawn the new state already, and each mark
// is shown for a quarter of a second on its way. The browser does that, so a move costs vega one drawing as before.

export const LASTS = 250; // milliseconds
const still = matchMedia("(prefers-reduced-motion: reduce)");

const numbers = (text) => (text ?? "").match(/-?[\d.]+(?:e-?\d+)?/g)?.map(Number) ?? [];
const without = (text) => text.replace(/-?[\d.]+(?:e-?\d+)?/g, "#");

/** Where the marks of a chart stand, group by group; nothing where nothing is to move. */
export function standing(box) {
  if (still.matches) return [];
  const groups = [...box.querySelectorAll("g.role-mark:not(.mark-group)")];
  return groups.map((group) => [...group.children].map(stand));
}

function stand(mark) {
  const transform = mark.getAttribute("transform") ?? "";
  const [x = 0, y = 0] = numbers(transform);
  const [across = 0, down = 0] = ["x2", "y2"].map((name) => Number(mark.getAttribute(name)));
  return { mark, turned: transform.includes("rotate"), x, y, across, down, shape: mark.getAttribute("d") ?? "" };
}

/** From one length of a line to another, as a scale; a line without a length has no direction to grow in. */
const stretched = (old, now) => (now === 0 ? 1 : old / now || 0.001);

/** The way of a mark from where it stood; nothing where it did not move. */
function way(old, now) {
  const by = [stretched(old.across, now.across), stretched(old.down, now.down)];
  const bent = old.shape !== now.shape && without(old.shape) === without(now.shape);
  if (now.turned || (old.x === now.x && old.y === now.y && by.every((one) => one === 1) && !bent)) return null;
  const first = { transform: `translate(${old.x}px, ${old.y}px) scale(${by.join()})` };
  const last = { transform: `translate(${now.x}px, ${now.y}px) scale(1,1)` };
  if (!bent) return [first, last];
  return [first, last].map((frame, i) => ({ ...frame, d: `path("${[old, now][i].shape}")` }));
}

/** Lets the marks glide from where they stood; a group of another number of marks just stands there. */
export function glide(before, box) {
  standing(box).forEach((group, i) => {
    if (before[i]?.length !== group.length) return;
    group.forEach((now, j) => {
      const frames = way(before[i][j], now);
      if (frames) now.mark.animate(frames, { duration: LASTS, easing: "ease-out" });
    });
  });
}

/** Another verdict turns in where one stood. */
export function turn(place, html) {
  if (place.innerHTML === html) return;
  place.innerHTML = html;
  const edgewise = { transform: "perspective(20em) rotateX(-90deg)", opacity: 0 };
  if (!still.matches) place.querySelector(".live-chip")?.animate([edgewise, {}], { duration: 2 * LASTS, easing: "ease-out" });
}
