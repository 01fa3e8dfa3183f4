// Sets the chosen theme, and says that scripts run, before the first paint: what only scripts show takes its place at once and moves nothing later. A file of its own because it must run at once, in the head, while app.js waits for the document.
import { storedTheme } from "./theme_store";

const theme = storedTheme();
if (theme) document.documentElement.dataset["theme"] = theme;
document.documentElement.classList.add("has-script");
