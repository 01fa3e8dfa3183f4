//! The built scripts and styles, embedded, and their names with the hash of their content.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::RustEmbed;

/// What the web build made (`web/dist`): `assets/…` under hashed names and `manifest.json`, which maps a logical name
/// to its path. Empty before the build has run: tests of templates need no build.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
pub struct Dist;

static MANIFEST: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    Dist::get("manifest.json").and_then(|file| serde_json::from_slice(&file.data).ok()).unwrap_or_default()
});

static ARTIFACT_CSS: LazyLock<String> = LazyLock::new(|| {
    let sheet = MANIFEST.get("artifact.css").and_then(|path| Dist::get(path));
    let css = sheet.map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default();
    // `</` would end the style element; no sheet needs it.
    css.replace("</", "<\\/")
});

/// Address of the asset called `logical` (`app.css`): with the hash of its content where the build's manifest has
/// one, `/assets/app.css` otherwise.
pub fn href(logical: &str) -> String {
    MANIFEST.get(logical).map_or_else(|| format!("/assets/{logical}"), |path| format!("/{path}"))
}

/// The style sheet of artifacts, to be written inside `<style>`; empty before the web build has run.
pub fn artifact_css() -> &'static str {
    &ARTIFACT_CSS
}
