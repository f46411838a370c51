// Before anything is painted: the reader's choice of light or dark, else what the system says.
{
  let mode = "auto";
  try {
    mode = localStorage.getItem("mode") || mode;
  } catch {
    // storage may be forbidden
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  Object.assign(document.documentElement.dataset, { mode, theme: mode === "auto" ? (dark ? "dark" : "light") : mode });
}
