// Links to a state: `#id?argument=value`.

/** The id and the arguments in a fragment `#id?argument=value&...`; nothing in any other. */
export function wished(hash) {
  const [, id, query] = /^#([^?]*)\?(.*)$/s.exec(hash) ?? [];
  try {
    return query === undefined ? null : { id: decodeURIComponent(id), params: new URLSearchParams(query) };
  } catch {
    return null; // a stray percent sign names nothing here
  }
}

/** Brings a view into the state that a link asks for, and into sight. */
export function arrive(view, params) {
  view.follow(params);
  view.root.scrollIntoView({ block: "start" });
}

export function visit(view, params) {
  arrive(view, params);
  view.root.tabIndex = -1; // the next Tab goes on from here, as after any link within a page
  view.root.focus({ preventScroll: true });
}
