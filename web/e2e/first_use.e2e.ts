// First use: an empty project says how to send the first run, waits for it, and shows it the moment it is there.
import assert from "node:assert/strict";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";

main(async () => {
  await withBrowser(async (_context, page) => {
    await signIn(page);
    await page.getByText("Waiting for your first run").waitFor();
    await page.getByText("No tracing: report a run").click();
    await picture(page, "first-use");
    await checkPage(page, "first use");
    const run = { external_id: "first", workflow: "my-agent", release: "1.0.0", started_at: "2026-01-05T09:00:00Z", ended_at: "2026-01-05T09:00:41Z", outcome: "success" };
    const answer = await fetch(`${setting("SEATRIAL_BASE_URL")}/api/v1/projects/${setting("SEATRIAL_PROJECT")}/runs`, {
      method: "POST",
      headers: { authorization: `Bearer ${setting("SEATRIAL_API_KEY")}`, "content-type": "application/json" },
      body: JSON.stringify({ runs: [run] }),
    });
    assert.equal(answer.status, 200);
    await page.getByText("Your first run is here.").waitFor();
    await page.getByRole("link", { name: "Open it" }).click();
    await page.getByRole("heading", { level: 1, name: /^Run / }).waitFor();
  });
});
