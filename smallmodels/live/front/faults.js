// What is wrong with a file of ours, in words fit for a reader.

/** A sentence's worth of what went wrong, with the name of the file. */
export class Fault extends Error {}

const ASKED_AGAIN = 5_000; // milliseconds for a second look at a file that did not run

/** The end of an address, by which a file is called. */
export const fileName = (url) => new URL(url).pathname.split("/").at(-1);

/** A size as it is told: megabytes, one decimal. */
export const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

export const missing = (name, status) => new Fault(`${name} is not there: the server says ${status}`);
export const unreachable = (name) => new Fault(`${name} could not be fetched`);

/** Why a script did not load or run. Browsers do not tell, so it is looked at once more. */
export async function scriptFault(url, problem = "") {
  const name = fileName(url);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASKED_AGAIN) });
    if (!response.ok) return missing(name, response.status).message;
    const type = response.headers.get("content-type") ?? "no type";
    if ((await response.text()).trimStart().startsWith("<")) return `${name} is not a script: a web page came in its place`;
    if (!/javascript|ecmascript/.test(type)) return `${name} came as ${type.split(";")[0]}, which no browser runs`;
    return problem ? `${name} is damaged: ${problem}` : `${name} could not be run`;
  } catch {
    return unreachable(name).message;
  }
}
