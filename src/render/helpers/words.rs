//! Helpers for text: hostile text, ids, digests, addresses, plurals.

use handlebars::RenderError;
use serde_json::Value;

use super::{Args, Format};
use crate::render::{assets, format as numbers, text as safe};

/// `{{asset "app.css"}}`: the address of a built asset.
pub(super) fn asset(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    Ok(format.escape(&assets::href(args.string(0)?)))
}

/// `{{artifact_style}}` inside `<style>`: the style sheet of a self-contained document, part of the build.
pub(super) fn artifact_style(_: &Args<'_, '_>, _: Format) -> Result<String, RenderError> {
    Ok(assets::artifact_css().to_owned())
}

fn any_text(args: &Args<'_, '_>) -> Result<String, RenderError> {
    Ok(match args.value(0)? {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn clipped(args: &Args<'_, '_>, value: &str) -> String {
    let max = args.option("max").and_then(Value::as_u64).and_then(|max| usize::try_from(max).ok());
    max.map_or_else(|| value.to_owned(), |max| safe::clip(value, max).into_owned())
}

/// `{{text output max=400}}`: text of a run, its line breaks kept (in HTML), its control characters shown.
pub(super) fn text(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    Ok(format.escape(&clipped(args, &any_text(args)?)))
}

/// `{{line name max=80}}`: the same on one line, for cells and titles.
pub(super) fn line(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    Ok(format.escape(&clipped(args, &safe::single_line(&any_text(args)?))))
}

/// `{{code digest}}`: literal text in a code span.
pub(super) fn code(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let value = any_text(args)?;
    Ok(match format {
        Format::Html => format!("<code>{}</code>", safe::html(&value)),
        Format::Markdown => safe::markdown_code(&value),
        Format::Plain => safe::visible(&value).into_owned(),
    })
}

/// `{{short_digest digest}}`: its first twelve digits.
pub(super) fn short_digest(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    Ok(format.escape(&numbers::short_digest(args.string(0)?)))
}

/// `{{short_id id}}`: prefix and last digits of an id.
pub(super) fn short_id(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    Ok(format.escape(&numbers::short_id(args.string(0)?)))
}

/// `{{plural n "run" "runs"}}`: the number and the word that fits it, `1 run`, `1,204 runs`.
pub(super) fn plural(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let n = args.value(0)?.as_i64().ok_or_else(|| args.fault("the argument is not a whole number"))?;
    let noun = args.string(if n == 1 { 1 } else { 2 })?;
    Ok(format.escape(&format!("{} {noun}", numbers::count(n.into()))))
}

/// `{{href link.href}}`: an address with an allowed scheme, `#` otherwise. For addresses a model was given from outside.
pub(super) fn href(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let target = args.string(0)?;
    Ok(match format {
        Format::Html => safe::html(safe::safe_href(target).unwrap_or("#")),
        Format::Markdown | Format::Plain => {
            safe::safe_href(target).unwrap_or_default().replace([' ', ')', '(', '<', '>'], "")
        }
    })
}

/// `{{query release}}`: one value of a query string, percent-encoded.
pub(super) fn query(args: &Args<'_, '_>, _: Format) -> Result<String, RenderError> {
    Ok(safe::url_component(&any_text(args)?))
}
