// The front end of every `Live`: in a notebook anywidget calls `render`, in the published page this module
// finds the tables Python wrote and brings them to life. Both draw the same controls; only who computes
// differs (the host): a kernel, or Python in a worker. A value is kept as the JSON text Python understands.
import { render } from "./front/kernel.js";
import { publish } from "./front/page.js";

const script = globalThis.document?.querySelector("script[data-live-page]");
if (script instanceof HTMLScriptElement && script.src === import.meta.url) publish(script);

export default { render };
