//! The helpers that templates use to show values: each takes a typed value, writes it for the format of its
//! registry, and escapes what it writes.
//!
//! `asset` `artifact_style` `time` `date` `figure` `delta` `percent` `duration` `money` `count` `number` `badge` `word` `plural`
//! `short_digest` `short_id` `text` `line` `code` `href` `query`, and strict `if` and `unless`. `eq`, `ne`, `and`,
//! `or`, `not`, `len`, `each`, `with` and `lookup` come with Handlebars.

mod logic;
mod number;
mod state;
mod words;

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason,
};
use serde_json::Value;

use super::text;

/// What a registry's templates produce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Pages, HTML bodies of mails, HTML artifacts.
    Html,
    /// Markdown artifacts.
    Markdown,
    /// Text bodies of mails.
    Plain,
}

impl Format {
    /// `value` escaped for this format.
    fn escape(self, value: &str) -> String {
        match self {
            Self::Html => text::html(value),
            Self::Markdown => text::markdown(value),
            Self::Plain => text::visible(value).into_owned(),
        }
    }
}

/// A helper that returns finished, escaped output.
type Show = fn(&Args<'_, '_>, Format) -> Result<String, RenderError>;

/// The arguments of one call, with errors that name the helper and the argument.
struct Args<'a, 'rc> {
    helper: &'a Helper<'rc>,
}

impl Args<'_, '_> {
    fn fault(&self, what: &str) -> RenderError {
        RenderErrorReason::Other(format!("helper {}: {what}", self.helper.name())).into()
    }

    /// The `index`th argument; an error when the template leaves it out or the model does not have it.
    fn value(&self, index: usize) -> Result<&Value, RenderError> {
        match self.helper.param(index) {
            Some(param) if !param.is_value_missing() => Ok(param.value()),
            Some(param) => {
                Err(self.fault(&format!("the model has no {}", param.relative_path().map_or("value", String::as_str))))
            }
            None => Err(self.fault(&format!("argument {index} is left out"))),
        }
    }

    fn string(&self, index: usize) -> Result<&str, RenderError> {
        self.value(index)?.as_str().ok_or_else(|| self.fault(&format!("argument {index} is not text")))
    }

    fn number(&self, index: usize) -> Result<Option<f64>, RenderError> {
        match self.value(index)? {
            Value::Null => Ok(None),
            value => value.as_f64().map(Some).ok_or_else(|| self.fault(&format!("argument {index} is not a number"))),
        }
    }

    /// A named argument, when given: `max=80`.
    fn option(&self, name: &str) -> Option<&Value> {
        self.helper.hash_get(name).map(handlebars::PathAndJson::value)
    }
}

struct ShowHelper {
    show: Show,
    format: Format,
}

impl HelperDef for ShowHelper {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let shown = (self.show)(&Args { helper }, self.format)?;
        out.write(&shown)?;
        Ok(())
    }
}

/// Registers every helper for `format`.
pub(super) fn register(registry: &mut Handlebars<'static>, format: Format) {
    let table: [(&str, Show); 21] = [
        ("asset", words::asset),
        ("artifact_style", words::artifact_style),
        ("time", number::time),
        ("date", number::date),
        ("figure", number::figure),
        ("delta", number::delta),
        ("percent", number::percent),
        ("duration", number::duration),
        ("money", number::money),
        ("count", number::count),
        ("number", number::number),
        ("badge", state::badge),
        ("word", state::word),
        ("plural", words::plural),
        ("short_digest", words::short_digest),
        ("short_id", words::short_id),
        ("text", words::text),
        ("line", words::line),
        ("code", words::code),
        ("href", words::href),
        ("query", words::query),
    ];
    for (name, show) in table {
        registry.register_helper(name, Box::new(ShowHelper { show, format }));
    }
    registry.register_helper("if", Box::new(logic::Branch { when: true }));
    registry.register_helper("unless", Box::new(logic::Branch { when: false }));
}
