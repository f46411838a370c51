// Lighthouse, with its mobile settings, over a list of addresses: one line of JSON for each.
import lighthouse from "lighthouse";

const [port, ...addresses] = process.argv.slice(2);

for (const address of addresses) {
  const { lhr } = await lighthouse(address, { port: Number(port), output: "json", logLevel: "error" });
  const scores = Object.entries(lhr.categories).map(([name, { score }]) => [name, Math.round((score ?? 0) * 100)]);
  const metrics = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"];
  const shown = metrics.map((name) => [name, lhr.audits[name].displayValue ?? ""]);
  // What keeps a score below full marks, each with the first of its places.
  const short = Object.values(lhr.categories).flatMap((category) =>
    category.auditRefs
      .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
      .map(({ id }) => {
        const place = lhr.audits[id].details?.items?.[0];
        const where = place?.node?.selector ?? place?.url ?? place?.source?.url ?? place?.description ?? "";
        return `${lhr.audits[id].title} ${lhr.audits[id].displayValue ?? ""} ${where}`.trim();
      }),
  );
  console.log(JSON.stringify({ address, scores: Object.fromEntries(scores), metrics: Object.fromEntries(shown), short }));
}
