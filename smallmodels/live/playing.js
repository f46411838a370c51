// The front end of a `Play` in a notebook: that of every `Live`, and the play, which a published page fetches
// when it is asked for.
import { render } from "./front/kernel.js";
import { play } from "./front/play.js";

export default { render: (context) => render(context, play) };
