//! Helpers for numbers, amounts, times and figures.

use handlebars::RenderError;
use serde_json::Value;

use super::{Args, Format};
use crate::render::format;
use crate::render::text;
use crate::render::view::{Delta, Figure};

/// Microseconds of a time argument: RFC 3339 text (as view models write it) or the number itself.
fn micros(args: &Args<'_, '_>) -> Result<Option<i64>, RenderError> {
    match args.value(0)? {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(number.as_i64()),
        Value::String(text) => format::micros(text).map(Some).ok_or_else(|| args.fault("the argument is not a time")),
        _ => Err(args.fault("the argument is not a time")),
    }
}

fn shown_time(args: &Args<'_, '_>, format: Format, show: fn(i64) -> String) -> Result<String, RenderError> {
    let Some(at) = micros(args)? else { return Ok("unknown".to_owned()) };
    let shown = show(at);
    Ok(match format {
        Format::Html => format!(
            "<time datetime=\"{}\" data-local-time>{}</time>",
            text::html(&format::rfc3339(at)),
            text::html(&shown)
        ),
        Format::Markdown | Format::Plain => shown,
    })
}

/// `{{time started_at}}`: `23 Nov 2026, 03:00 UTC` in a `<time>`; `unknown` for null.
pub(super) fn time(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    shown_time(args, format, format::date_time)
}

/// `{{date due_at}}`: the day only.
pub(super) fn date(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    shown_time(args, format, format::date)
}

/// `{{percent share}}`: a share of 1, `41.2 %`; `no data` for null.
pub(super) fn percent(args: &Args<'_, '_>, _: Format) -> Result<String, RenderError> {
    Ok(args.number(0)?.map_or_else(|| "no data".to_owned(), format::percent))
}

/// `{{duration micros}}`: `1.2 s`; `unknown` for null.
pub(super) fn duration(args: &Args<'_, '_>, _: Format) -> Result<String, RenderError> {
    Ok(args.number(0)?.map_or_else(|| "unknown".to_owned(), format::duration))
}

/// `{{money nanos currency}}`: `$0.031`; `unknown` for null.
pub(super) fn money(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let currency = args.string(1)?;
    Ok(args.number(0)?.map_or_else(|| "unknown".to_owned(), |nanos| format.escape(&format::money(nanos, currency))))
}

/// `{{count n}}`: `1,204`; `unknown` for null.
pub(super) fn count(args: &Args<'_, '_>, _: Format) -> Result<String, RenderError> {
    match args.value(0)? {
        Value::Null => Ok("unknown".to_owned()),
        Value::Number(n) if n.is_u64() || n.is_i64() => Ok(format::count(n.as_i128().unwrap_or_default())),
        _ => Err(args.fault("the argument is not a whole number")),
    }
}

/// `line` escaped, with the brackets of its interval as they are: nothing follows them that would make a link, and
/// `\\[38.0, 44.5\\]` would be hard to read in a terminal. What stands in and beside them stays escaped.
fn with_interval(format: Format, line: &str, interval: &str) -> String {
    let (line, interval) = (format.escape(line), format.escape(interval));
    match interval.strip_prefix("\\[").and_then(|rest| rest.strip_suffix("\\]")) {
        Some(bounds) => line.replacen(&interval, &format!("[{bounds}]"), 1),
        None => line,
    }
}

/// `{{number @index plus=1}}`: a whole number as it is, for attributes and keys.
pub(super) fn number(args: &Args<'_, '_>, _: Format) -> Result<String, RenderError> {
    let n = args.value(0)?.as_i64().ok_or_else(|| args.fault("the argument is not a whole number"))?;
    let plus = args.option("plus").and_then(Value::as_i64).unwrap_or(0);
    Ok(n.saturating_add(plus).to_string())
}

fn typed<T: serde::de::DeserializeOwned>(args: &Args<'_, '_>, what: &str) -> Result<T, RenderError> {
    T::deserialize(args.value(0)?).map_err(|error| args.fault(&format!("the argument is not {what}: {error}")))
}

/// `{{figure success}}`: value, interval and counts, the counts linked to the runs; `class="is-large"` adds a class,
/// `link=false` leaves the link out.
pub(super) fn figure(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let figure: Figure = typed(args, "a figure")?;
    if format != Format::Html {
        return Ok(with_interval(format, &figure.text(), &figure.interval_text()));
    }
    let extra = args.option("class").and_then(Value::as_str).unwrap_or_default();
    let mut class = String::from("figure");
    if figure.unverified {
        class.push_str(" is-unverified");
    }
    if !extra.is_empty() {
        class.push(' ');
        class.push_str(&text::html(extra));
    }
    let mut out = format!("<span class=\"{class}\"><b class=\"figure-value\">{}</b>", text::html(&figure.value_text()));
    let interval = figure.interval_text();
    if !interval.is_empty() {
        out.push_str(&format!(
            " <span class=\"figure-interval\" aria-hidden=\"true\">{}</span>",
            text::html(&interval)
        ));
    }
    let spoken = text::html(&figure.spoken());
    let ratio = text::html(&figure.ratio_text());
    let may_link = args.option("link").and_then(Value::as_bool).unwrap_or(true);
    match figure.href.as_deref().and_then(text::safe_href).filter(|_| may_link) {
        _ if ratio.is_empty() && spoken.is_empty() => {}
        Some(href) => out.push_str(&format!(
            " <a class=\"figure-ratio\" href=\"{}\"><span aria-hidden=\"true\">{}</span><span class=\"visually-hidden\">{spoken}: show the runs</span></a>",
            text::html(href),
            if ratio.is_empty() { "runs" } else { &ratio }
        )),
        None => {
            if !ratio.is_empty() {
                out.push_str(&format!(" <span class=\"figure-ratio\" aria-hidden=\"true\">{ratio}</span>"));
            }
            out.push_str(&format!(" <span class=\"visually-hidden\">{spoken}</span>"));
        }
    }
    if let Some(coverage) = figure.coverage.filter(|share| *share < 1.0) {
        out.push_str(&format!(" <span class=\"small muted\">known for {}</span>", format::percent(coverage)));
    }
    if figure.unverified {
        out.push_str(" <span class=\"result is-unverified\">Unverified</span>");
    }
    out.push_str("</span>");
    Ok(out)
}

/// `{{delta change}}`: the difference with its interval, its direction in colour, arrow and word; `compact=true` keeps the
/// interval for those who point at the value or have it read to them.
pub(super) fn delta(args: &Args<'_, '_>, format: Format) -> Result<String, RenderError> {
    let delta: Delta = typed(args, "a difference")?;
    let (class, word) = delta.reading.word();
    let interval = delta.figure.interval_text();
    let value = delta.value_text();
    if format != Format::Html {
        let line = if delta.figure.value.is_none() { word.to_owned() } else { format!("{value} {interval}, {word}") };
        return Ok(with_interval(format, &line, &interval));
    }
    if delta.figure.value.is_none() {
        return Ok(format!("<span class=\"delta {class}\">{word}</span>"));
    }
    let (value, interval) = (text::html(&value), text::html(&interval));
    if args.option("compact").and_then(Value::as_bool).unwrap_or(false) {
        return Ok(format!(
            "<span class=\"delta {class}\" title=\"{interval}\">{value}<span class=\"visually-hidden\"> {interval}, {word}</span></span>"
        ));
    }
    Ok(format!(
        "<span class=\"delta {class}\">{value}<span class=\"visually-hidden\">, {word}</span></span> <span class=\"figure-interval\">{interval}</span>"
    ))
}
