// A view's state as a setting of the small model.

/** KV heads, bits, window (null sees all) and context; `side` is put before the names, where there are two. */
export function settingOf(view, state = view.state, side = "") {
  const value = (name, otherwise) => {
    const text = state[side + name] ?? view.data.fixed[side + name] ?? state[name] ?? view.data.fixed[name];
    return text === undefined ? otherwise : JSON.parse(text);
  };
  return {
    n_kv_heads: value(side ? "heads" : "n_kv_heads", 2),
    bits: value("bits", 16),
    window: value("full", false) ? null : value("window", 32),
    context: value("context", 250),
  };
}
