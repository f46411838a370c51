// Where things stand on a small screen: the table folded, the chart in sight of the control that moves it.

export const NARROW = matchMedia("(max-width: 40em)");

/** Folds a table under its chart on a narrow screen and opens it on a wide one, now and at every change of width. */
export function foldWhereNarrow(figures, chart, signal) {
  const fold = () => (figures.open = !chart || !NARROW.matches);
  fold();
  NARROW.addEventListener("change", fold, { signal });
}

/** On a phone too low for both the chart comes to the foot of the screen, and stays there until another place is
 * touched. Elsewhere it stays where it is: on a low, wide screen it would cover the very controls. */
export function keepInView(root, control, chart) {
  if (!chart || root.dataset.touched !== undefined || !NARROW.matches) return;
  if (chart.getBoundingClientRect().bottom <= innerHeight) return;
  root.dataset.touched = "";
  const covered = control.getBoundingClientRect().bottom - chart.getBoundingClientRect().top + 8;
  if (covered > 0) scrollBy({ top: covered, behavior: "instant" });
  const leave = ({ target }) => {
    if (root.querySelector(".live-controls").contains(target)) return;
    delete root.dataset.touched;
    for (const event of ["pointerdown", "focusin"]) document.removeEventListener(event, leave);
  };
  for (const event of ["pointerdown", "focusin"]) document.addEventListener(event, leave);
}
