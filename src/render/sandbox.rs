//! What a project's template may do: the check that it passes before it is kept.
//!
//! It cannot write text unescaped, define or call what is not on a list, load anything, or loop over more than the
//! document's own lists. Nesting is bounded before anything reads the template by recursion.

use handlebars::Path;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, Template, TemplateElement};

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct TemplateProblem {
    /// The line, when it is known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

pub(super) fn problem(message: impl Into<String>) -> TemplateProblem {
    TemplateProblem { line: None, message: message.into() }
}

/// Deepest nesting of blocks and of subexpressions: readers of templates recurse.
const DEPTH: usize = 16;

/// Built-in partials that a project's template may use.
const PARTIALS: &[&str] = &[
    "partials/chart",
    "partials/checks",
    "partials/digests",
    "partials/freshness",
    "partials/gaps",
    "partials/markdown",
    "partials/mix",
    "partials/recommendation",
    "partials/signals",
    "partials/suites",
    "artifacts/evidence",
    "artifacts/learning",
    "artifacts/owner",
];

/// What a self-contained document without scripts does not hold.
const REFUSED_HTML: &[(&str, &str)] = &[
    ("<script", "a document has no script"),
    ("<iframe", "a document is self-contained"),
    ("<object", "a document is self-contained"),
    ("<embed", "a document is self-contained"),
    ("<link", "a document is self-contained; use {{artifact_style}} inside <style>"),
    ("<base", "a document is self-contained"),
    ("<form", "a document asks for nothing"),
    ("src=", "a document is self-contained"),
    ("srcset=", "a document is self-contained"),
    ("@import", "a document is self-contained; use {{artifact_style}} inside <style>"),
    ("url(", "a document is self-contained"),
    ("javascript:", "a document has no script"),
    ("refresh", "a document stays where it is"),
];

/// Reads a template and checks what it uses.
pub(super) fn inspect(source: &str, is_html: bool) -> Result<(), TemplateProblem> {
    shallow(source)?;
    if is_html {
        harmless(source)?;
    }
    let template = Template::compile(source).map_err(|error| {
        let (line, message) = (error.pos().map(|(line, _)| line), error.reason().to_string());
        TemplateProblem { line, message: format!("it cannot be read: {message}") }
    })?;
    allowed(&template)
}

/// Refuses deep nesting before anything reads the template by recursion.
fn shallow(source: &str) -> Result<(), TemplateProblem> {
    let (mut blocks, mut parentheses) = (0_usize, 0_usize);
    for (at, _) in source.char_indices().filter(|(_, c)| matches!(c, '{' | '(' | ')')) {
        let rest = &source[at..];
        if rest.starts_with('(') {
            parentheses += 1;
        } else if rest.starts_with(')') {
            parentheses = parentheses.saturating_sub(1);
        } else if let Some(inside) = rest.strip_prefix("{{") {
            parentheses = 0;
            match inside.trim_start_matches(['{', '~', ' ']).chars().next() {
                Some('#' | '^') => blocks += 1,
                Some('/') => blocks = blocks.saturating_sub(1),
                _ => {}
            }
        }
        if blocks > DEPTH || parentheses > DEPTH {
            let line = Some(source[..at].matches('\n').count() + 1);
            return Err(TemplateProblem { line, message: format!("blocks are nested deeper than {DEPTH}") });
        }
    }
    Ok(())
}

fn harmless(source: &str) -> Result<(), TemplateProblem> {
    let lower = source.to_ascii_lowercase();
    let line = |at: usize| Some(lower[..at].matches('\n').count() + 1);
    for (word, why) in REFUSED_HTML {
        if let Some(at) = lower.find(word) {
            return Err(TemplateProblem { line: line(at), message: format!("`{word}` cannot be used: {why}") });
        }
    }
    let handler = lower.match_indices(" on").find(|(at, _)| {
        let name: &str = &lower[at + 3..];
        let end = name.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(name.len());
        end > 0 && name[end..].trim_start().starts_with('=')
    });
    handler.map_or(Ok(()), |(at, _)| {
        Err(TemplateProblem {
            line: line(at),
            message: "handlers of events cannot be used: a document has no script".to_owned(),
        })
    })
}

/// Walks a template: nothing unescaped, no definitions, known partials, and loops over the document's own lists only.
fn allowed(template: &Template) -> Result<(), TemplateProblem> {
    for (element, place) in template.elements.iter().zip(&template.mapping) {
        let found = match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => Ok(()),
            TemplateElement::HtmlExpression(_) => {
                Err(problem("text cannot be written unescaped; write {{…}} with two braces, without `&`"))
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                Err(problem("`{{*…}}` and `{{#*…}}` cannot be used: a template defines nothing"))
            }
            TemplateElement::PartialBlock(_) => Err(problem("`{{#> …}}` cannot be used; call a partial by `{{> …}}`")),
            TemplateElement::PartialExpression(called) => partial(called),
            TemplateElement::Expression(helper) => block(helper, false),
            TemplateElement::HelperBlock(helper) => block(helper, true),
            _ => Err(problem("this kind of expression cannot be used")),
        };
        found.map_err(|error| TemplateProblem { line: error.line.or(Some(place.0)), ..error })?;
    }
    Ok(())
}

/// Two partials write what [`super::svg`] and [`super::markdown`] made as it is, so nothing else may be handed to them.
fn partial(called: &DecoratorTemplate) -> Result<(), TemplateProblem> {
    let name = raw(&called.name);
    if !PARTIALS.contains(&name) {
        return Err(problem(format!("only these partials can be used: {}", PARTIALS.join(", "))));
    }
    let drawn = ["partials/chart", "partials/markdown"].contains(&name);
    let [given] = called.params.as_slice() else {
        return Err(problem(format!("hand one value to {name}")));
    };
    if !called.hash.is_empty() || climbs(given) || (drawn && !raw(given).starts_with("charts.")) {
        return Err(problem(format!(
            "hand a part of the document to {name}, and to chart and markdown one of `charts`"
        )));
    }
    Ok(())
}

/// A name or path as it was written.
fn raw(parameter: &Parameter) -> &str {
    match parameter {
        Parameter::Name(name) | Parameter::Path(Path::Relative((_, name))) => name,
        _ => "",
    }
}

fn block(helper: &HelperTemplate, is_block: bool) -> Result<(), TemplateProblem> {
    let name = raw(&helper.name);
    if is_block && ["each", "with"].contains(&name) {
        // A loop over an outer list inside a loop multiplies; over inner lists all loops together read the document once.
        if helper.block_param.is_some() || helper.params.iter().any(climbs) {
            return Err(problem(
                "`each` and `with` go into the document's own lists: without `../`, `@root` and `as |…|`",
            ));
        }
    } else if is_block && !["if", "unless"].contains(&name) {
        return Err(problem("only the blocks each, with, if and unless can be used"));
    }
    helper.template.iter().chain(&helper.inverse).try_for_each(allowed)
}

fn climbs(parameter: &Parameter) -> bool {
    match parameter {
        Parameter::Path(Path::Relative((_, raw))) => raw.contains("..") || raw.contains('@'),
        Parameter::Path(Path::Local(_)) | Parameter::Subexpression(_) => true,
        Parameter::Name(name) => name.contains("..") || name.contains('@'),
        Parameter::Literal(_) => false,
        _ => true,
    }
}
