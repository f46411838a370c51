// An address that names what now stands on another page: a widget in a state, or a heading. It is sent on.

/** The id that a fragment `#id` or `#id?argument=value` names; nothing where it is not well written. */
export function named(hash) {
  try {
    return decodeURIComponent(hash.slice(1).split("?", 1)[0]);
  } catch {
    return ""; // a stray percent sign names nothing
  }
}

/** Goes to the page that holds what the fragment names, if this one does not; the fragment goes along.
 * The list of places is fetched only then. */
export async function sendOn(hash, base) {
  const id = named(hash);
  if (!id || document.getElementById(id)) return;
  const answer = await fetch(base("places.json")).catch(() => null);
  const places = answer?.ok ? await answer.json().catch(() => ({})) : {};
  if (Object.hasOwn(places, id)) location.replace(new URL(places[id], base("../../")).href + hash);
}

/** Sends old addresses on, at arrival and whenever the address changes; `base` finds one of our files. */
export function followMoved(base) {
  const follow = () => sendOn(location.hash, base);
  follow();
  addEventListener("hashchange", follow);
}
