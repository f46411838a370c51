// Says why a page's tables stand still, where the module that moves them did not come or may not run. No module
// itself: browsers load none from a folder on disk.
const DISK =
  "Opened from disk, this page shows its first tables only; run “make book”, or serve its folder with " +
  "“python -m http.server”, to move them.";
const GONE = "This page shows its first tables only: its script, live.js, did not load or could not run.";

function say(sentence) {
  for (const live of document.querySelectorAll(".live")) {
    const line = document.createElement("p");
    line.className = "live-message";
    line.textContent = sentence;
    live.prepend(line);
  }
}

const moved = () => document.querySelector(".live-message");
if (location.protocol === "file:") document.addEventListener("DOMContentLoaded", () => say(DISK));
else addEventListener("load", () => moved() || say(GONE));
