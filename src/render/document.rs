//! The documents that leave with a decision, and a project's own templates for them.
//!
//! A project's template is text of somebody who may be careless or worse: it is read by a [`Checked`] check before it is
//! kept, and rendered with the same strict, escaping helpers as the built-in ones. It cannot write text unescaped,
//! define or call what is not on a list, load anything, loop over more than the document's own lists, or write without
//! end. When it fails all the same, the built-in template takes its place: a template never loses a decision.

use std::io;

use handlebars::Handlebars;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sandbox::{inspect, problem};
use super::view::artifact::ArtifactView;
use super::view::incident::IncidentView;
use super::{RenderError, Renderer, artifact};

pub use super::sandbox::TemplateProblem;

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// The review of a decision.
    Review,
    /// The incident review of a release that was, or should be, taken back.
    Incident,
}

/// A format that templates make. JSON has none: programs rely on its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateFormat {
    /// A self-contained document.
    Html,
    /// For a comment on a pull request.
    Markdown,
}

impl Document {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Review, Self::Incident];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Incident => "incident",
        }
    }

    /// The document of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|document| document.as_str() == name)
    }

    /// The name and version of its JSON's shape.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Review => "seatrial.review/1",
            Self::Incident => "seatrial.incident/1",
        }
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Review => "artifacts/review",
            Self::Incident => "artifacts/incident",
        }
    }
}

impl TemplateFormat {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Html, Self::Markdown];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

/// What a document is made from.
#[derive(Debug, Clone)]
pub enum DocumentView {
    /// A review.
    Review(Box<ArtifactView>),
    /// An incident review.
    Incident(Box<IncidentView>),
}

impl DocumentView {
    /// Which document it is.
    #[must_use]
    pub const fn document(&self) -> Document {
        match self {
            Self::Review(_) => Document::Review,
            Self::Incident(_) => Document::Incident,
        }
    }

    /// The usual sample.
    #[must_use]
    pub fn sample(document: Document) -> Self {
        match document {
            Document::Review => Self::Review(Box::new(ArtifactView::sample())),
            Document::Incident => Self::Incident(Box::new(IncidentView::sample())),
        }
    }

    /// The samples that every template of the document must render: a usual one, one with hostile text everywhere, one
    /// with nothing in it, and of an incident one without a decision.
    #[must_use]
    pub fn samples(document: Document) -> Vec<Self> {
        match document {
            Document::Review => {
                [ArtifactView::sample(), ArtifactView::hostile_sample(), ArtifactView::preview_sample()]
                    .map(|view| Self::Review(Box::new(view)))
                    .to_vec()
            }
            Document::Incident => [
                IncidentView::sample(),
                IncidentView::hostile_sample(),
                IncidentView::bare_sample(),
                IncidentView::alert_sample(),
            ]
            .map(|view| Self::Incident(Box::new(view)))
            .to_vec(),
        }
    }

    /// What the templates see: the document's JSON, and for HTML its charts.
    fn data(&self, format: TemplateFormat) -> Result<Value, RenderError> {
        let name = self.document().template();
        let mut data = match self {
            Self::Review(view) => super::json(name, view.as_ref())?,
            Self::Incident(view) => super::json(name, view.as_ref())?,
        };
        if let (Value::Object(map), TemplateFormat::Html) = (&mut data, format) {
            let charts = match self {
                Self::Review(view) => artifact::charts(view),
                Self::Incident(view) => artifact::incident_charts(view),
            };
            map.insert("charts".to_owned(), super::json(name, &charts)?);
            map.insert("policy_header".to_owned(), Value::String(artifact::CONTENT_SECURITY_POLICY.to_owned()));
            // A document that travels cannot carry links that hold on this server only.
            map.insert("links".to_owned(), Value::Bool(false));
        }
        Ok(data)
    }

    fn url(&self) -> Option<&str> {
        match self {
            Self::Review(view) => view.url.as_deref(),
            Self::Incident(view) => view.url.as_deref(),
        }
    }
}

/// A template that passed every check; nothing else can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    source: String,
}

impl Checked {
    /// The template.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// Largest template, in bytes: ten times the built-in ones.
pub const TEMPLATE_BYTES: usize = 64 << 10;
/// Largest document, in bytes.
const DOCUMENT_BYTES: usize = 4 << 20;
impl Renderer {
    /// The built-in template of a document: what a project begins from.
    #[must_use]
    pub fn built_in_template(document: Document, format: TemplateFormat) -> String {
        let ending = match format {
            TemplateFormat::Html => "html",
            TemplateFormat::Markdown => "md",
        };
        let path = format!("{}.{ending}.hbs", document.template());
        super::Templates::get(&path).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
    }

    /// Checks a project's template: what it may use, and that it renders every sample strictly.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check_template(
        &self,
        document: Document,
        format: TemplateFormat,
        source: &str,
    ) -> Result<Checked, TemplateProblem> {
        if source.len() > TEMPLATE_BYTES {
            return Err(problem(format!("it has {} bytes; at most {TEMPLATE_BYTES} are kept", source.len())));
        }
        inspect(source, format == TemplateFormat::Html)?;
        for sample in DocumentView::samples(document) {
            self.with_template(&sample, format, source).map_err(problem)?;
        }
        Ok(Checked { source: source.to_owned() })
    }

    /// A document by a project's own template.
    ///
    /// # Errors
    /// What the template and the document do not agree about.
    pub fn with_template(&self, view: &DocumentView, format: TemplateFormat, source: &str) -> Result<String, String> {
        let data = view.data(format).map_err(|error| error.to_string())?;
        let mut out = Bounded { bytes: Vec::new() };
        let rendered = self.registry_of(format).render_template_to_write(source, &data, &mut out);
        rendered.map_err(|error| format!("it cannot be rendered: {error}"))?;
        let text = String::from_utf8(out.bytes).map_err(|error| error.to_string())?;
        Ok(match format {
            TemplateFormat::Html => text,
            TemplateFormat::Markdown => artifact::shortened(artifact::tidy_markdown(&text), view.url()),
        })
    }

    /// A document by the built-in template.
    ///
    /// # Errors
    /// [`RenderError::Render`] when template and model do not fit.
    pub fn document(&self, view: &DocumentView, format: TemplateFormat) -> Result<String, RenderError> {
        let name = view.document().template();
        let text = super::render(self.registry_of(format), name, &view.data(format)?)?;
        Ok(match format {
            TemplateFormat::Html => text,
            TemplateFormat::Markdown => artifact::shortened(artifact::tidy_markdown(&text), view.url()),
        })
    }

    /// A document as JSON, indented, fields in the order of the document.
    ///
    /// # Errors
    /// [`RenderError::Render`] when the model cannot be written as JSON.
    pub fn document_json(&self, view: &DocumentView) -> Result<String, RenderError> {
        let written = match view {
            DocumentView::Review(view) => serde_json::to_string_pretty(view),
            DocumentView::Incident(view) => serde_json::to_string_pretty(view),
        };
        let json = written.map_err(|error| super::fault(view.document().template(), &error))?;
        Ok(super::text::json(&json))
    }

    const fn registry_of(&self, format: TemplateFormat) -> &Handlebars<'static> {
        match format {
            TemplateFormat::Html => &self.html,
            TemplateFormat::Markdown => &self.markdown,
        }
    }
}

/// Takes what is written, up to a bound.
struct Bounded {
    bytes: Vec<u8>,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > DOCUMENT_BYTES {
            return Err(io::Error::other(format!("the document would have more than {DOCUMENT_BYTES} bytes")));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
