// The front end of every `Live`: in a notebook anywidget calls `render`, in the published page this module
// finds the tables Python wrote and brings them to life. Both draw the same controls; only who computes
// differs (the host): a kernel, or Python in a worker. A value is kept as the JSON text Python understands.
// A page gets these modules bundled (tools/assets.mjs); a notebook as one text (script.py).

import { render } from "./kernel.js";
import { publish } from "./page.js";

const loader = globalThis.document?.querySelector("script[data-live-page]");
if (loader instanceof HTMLScriptElement && loader.src === import.meta.url) publish(loader);

export default { render };
