// The script of every page: htmx for partial updates, and the modules below. Each module listens on the document, so parts that htmx swaps in
// later need no set-up of their own. Every page works without this file.
import "htmx.org";
import { charts } from "./chart";
import { confirmSubmissions } from "./confirm";
import { copyButtons } from "./copy";
import { guardForms, restoreDrafts } from "./guard";
import { keyboard } from "./keys";
import { liveParts } from "./live";
import { localTimes } from "./local_time";
import { search } from "./search";
import { themeToggle } from "./theme_toggle";
import { triage } from "./triage";
import { waterfalls } from "./waterfall";

themeToggle();
charts();
confirmSubmissions();
copyButtons();
guardForms();
keyboard();
liveParts();
localTimes();
search();
waterfalls();
triage();
// Triage shows the next failure without loading a page: what looks for its parts at the start looks again.
document.addEventListener("seatrial:shown", () => {
  restoreDrafts();
  waterfalls();
});
