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

/** A noted state as far as the view's controls can show it; their first values for the rest. */
export function held(view, noted) {
  const state = { ...view.first };
  for (const { spec, parse, print } of view.controls) {
    try {
      state[spec.name] = parse(print(noted[spec.name]));
    } catch {
      // what is missing or cannot be shown stands as it did at first
    }
  }
  return state;
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
