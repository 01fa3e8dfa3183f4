// Sets the chosen theme before the first paint. A file of its own because it must run at once, in the head, while app.js waits for the document.
import { storedTheme } from "./theme_store";

const theme = storedTheme();
if (theme) document.documentElement.dataset["theme"] = theme;
