//! Helpers for states: a badge with colour, shape and word, or the word alone.

use handlebars::RenderError;
use serde_json::Value;

use super::{Args, Format};
use crate::render::{text, words};

/// `{{badge "verdict" verdict}}`: `<span class="verdict is-ship">Ship</span>`; the word alone outside HTML.
/// A null is shown as an unknown. `size="large"` makes the large form.
pub(super) fn badge(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let kind = args.string(0)?;
    let value = match args.value(1)? {
        Value::Null => "unknown",
        other => other.as_str().ok_or_else(|| args.fault("the state is not text"))?,
    };
    let found = words::look_up(kind, value);
    let label = found.map_or_else(|| words::spaced(value), |word| word.label.to_owned());
    if format != Format::Html {
        return Ok(format.escape(&label));
    }
    let class = found.map_or("is-unknown", |word| word.class);
    let large = if args.option("size").and_then(Value::as_str) == Some("large") { " is-large" } else { "" };
    Ok(format!("<span class=\"{} {class}{large}\">{}</span>", text::html(kind), text::html(&label)))
}

/// `{{word "verdict" verdict}}`: the word of a state. With one argument, `snake_case` as words.
pub(super) fn word(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let kind = args.string(0)?;
    if args.helper.params().len() < 2 {
        return Ok(format.escape(&words::spaced(kind)));
    }
    let value = args.string(1)?;
    let label = words::look_up(kind, value).map_or_else(|| words::spaced(value), |word| word.label.to_owned());
    Ok(format.escape(&label))
}
