//! What people read: pages, documents and mails from typed view models and embedded Handlebars templates.
//!
//! Three registries share the templates' folder and differ in what "escape" means: HTML (`*.hbs`), Markdown
//! (`*.md.hbs`) and plain text (`*.txt.hbs`). All are strict: a name that the model does not have is an error,
//! inside `if` and `each` too. Every value is escaped and its control characters are shown, whether or not a
//! template thinks of it; only `partials/chart.hbs` and `partials/markdown.hbs` write HTML as it is, and what
//! they write comes from [`svg`] and [`markdown`] alone.

pub mod artifact;
pub mod assets;
pub mod document;
pub mod format;
mod helpers;
pub mod markdown;
mod sandbox;
pub mod schema;
pub mod svg;
pub mod table;
pub mod text;
pub mod view;
pub mod words;

use handlebars::Handlebars;
use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::Value;

use helpers::Format;
use view::mail::MailView;
use view::{Page, View};

/// The templates, compiled into release binaries.
#[derive(RustEmbed)]
#[folder = "web/templates"]
#[include = "*.hbs"]
struct Templates;

/// Why something could not be rendered: a fault in this program's templates, never in the data.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template does not parse.
    #[error("the template {name} cannot be read: {reason}; this is a fault in the build, report it")]
    Template {
        /// Path of the template.
        name: String,
        /// What the parser said.
        reason: String,
    },
    /// A template and its model do not fit.
    #[error("the template {name} cannot be rendered: {reason}; this is a fault in the build, report it")]
    Render {
        /// Path of the template.
        name: String,
        /// What the renderer said.
        reason: String,
    },
}

/// A mail ready to send: the subject has no line break, both bodies say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Subject on one line.
    pub subject: String,
    /// Body as plain text.
    pub text: String,
    /// Body as HTML.
    pub html: String,
}

/// Holds the parsed templates. Build one at start and share it.
#[derive(Debug)]
pub struct Renderer {
    html: Handlebars<'static>,
    markdown: Handlebars<'static>,
    plain: Handlebars<'static>,
}

impl Renderer {
    /// Parses every embedded template and registers the helpers.
    ///
    /// # Errors
    /// [`RenderError::Template`] names the first template that does not parse.
    pub fn new() -> Result<Self, RenderError> {
        let mut renderer =
            Self { html: registry(Format::Html), markdown: registry(Format::Markdown), plain: registry(Format::Plain) };
        for path in Templates::iter() {
            let Some(file) = Templates::get(&path) else { continue };
            let source = String::from_utf8_lossy(&file.data);
            let name = path.strip_suffix(".hbs").unwrap_or(&path);
            let (registry, name) = if let Some(bare) = name.strip_suffix(".md") {
                (&mut renderer.markdown, bare)
            } else if let Some(bare) = name.strip_suffix(".txt") {
                (&mut renderer.plain, bare)
            } else {
                (&mut renderer.html, name.strip_suffix(".html").unwrap_or(name))
            };
            registry
                .register_template_string(name, source)
                .map_err(|error| RenderError::Template { name: path.to_string(), reason: error.to_string() })?;
        }
        Ok(renderer)
    }

    /// A whole page.
    ///
    /// # Errors
    /// [`RenderError::Render`] when the template names something the model does not have.
    pub fn page<T: View>(&self, page: &Page<T>) -> Result<String, RenderError> {
        let mut data = json(T::TEMPLATE, page)?;
        if let Value::Object(map) = &mut data {
            let base =
                page.project.as_ref().map(|p| format!("/p/{}", text::url_component(&p.slug))).unwrap_or_default();
            let rail = view::nav::Rail::of(&base, T::SECTION, page.counts);
            map.insert("rail".to_owned(), json(T::TEMPLATE, &rail)?);
            let audit = page.account.as_ref().is_some_and(|account| account.reads_audit);
            map.insert("settings".to_owned(), json(T::TEMPLATE, &view::nav::settings(&base, T::PART, audit))?);
            map.insert("base".to_owned(), Value::String(base));
            map.insert("links".to_owned(), Value::Bool(true));
        }
        render(&self.html, T::TEMPLATE, &data)
    }

    /// One HTML template with any data, for a fragment that replaces part of a page. `base` and `csrf` must be in
    /// the data where the fragment uses them.
    ///
    /// # Errors
    /// [`RenderError::Render`] when the template is unknown or names something the data does not have.
    pub fn fragment<T: Serialize>(&self, template: &str, data: &T) -> Result<String, RenderError> {
        let mut data = json(template, data)?;
        if let Value::Object(map) = &mut data {
            map.insert("links".to_owned(), Value::Bool(true));
        }
        render(&self.html, template, &data)
    }

    /// A mail with its subject and both bodies.
    ///
    /// # Errors
    /// [`RenderError::Render`] when template and model do not fit.
    pub fn mail<T: MailView>(&self, mail: &T) -> Result<Mail, RenderError> {
        self.mail_with(mail, "")
    }

    /// A mail that says where its reader chooses which mails they get; an empty address says nothing.
    ///
    /// # Errors
    /// [`RenderError::Render`] when template and model do not fit.
    pub fn mail_with<T: MailView>(&self, mail: &T, preferences_url: &str) -> Result<Mail, RenderError> {
        let mut data = json(T::TEMPLATE, mail)?;
        let subject = text::clip(&text::single_line(&mail.subject()), 160).into_owned();
        if let Value::Object(map) = &mut data {
            map.insert("subject".to_owned(), Value::String(subject.clone()));
            map.insert("preferences_url".to_owned(), Value::String(preferences_url.to_owned()));
        }
        let mut text = render(&self.plain, T::TEMPLATE, &data)?;
        if !preferences_url.is_empty() {
            text.push_str(&format!("Choose which mails you get: {preferences_url}\n"));
        }
        Ok(Mail { subject, text, html: render(&self.html, T::TEMPLATE, &data)? })
    }

    /// Paths of all templates as embedded, sorted: `pages/run/show.hbs`.
    pub fn templates() -> Vec<String> {
        let mut paths: Vec<String> = Templates::iter().map(|path| path.to_string()).collect();
        paths.sort();
        paths
    }
}

fn registry(format: Format) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    // A partial inside an indented line must not indent the lines of a <pre> or <textarea>.
    registry.set_prevent_indent(true);
    match format {
        Format::Html => registry.register_escape_fn(text::html),
        Format::Markdown => registry.register_escape_fn(text::markdown),
        Format::Plain => registry.register_escape_fn(|value| text::visible(value).into_owned()),
    }
    helpers::register(&mut registry, format);
    registry
}

fn json<T: Serialize + ?Sized>(template: &str, data: &T) -> Result<Value, RenderError> {
    serde_json::to_value(data).map_err(|error| fault(template, &error))
}

fn render(registry: &Handlebars<'static>, name: &str, data: &Value) -> Result<String, RenderError> {
    registry.render(name, data).map_err(|error| fault(name, &error))
}

fn fault(name: &str, error: &dyn std::fmt::Display) -> RenderError {
    RenderError::Render { name: name.to_owned(), reason: error.to_string() }
}
