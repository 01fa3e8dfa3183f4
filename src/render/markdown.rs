//! Notes and reasons written by people in Markdown, as HTML that is safe by construction.
//!
//! The HTML is written here from the parser's events, element by element, from a fixed list: raw HTML is shown
//! as text, a link keeps its target only with an allowed scheme, images become links (nothing is loaded from
//! outside), and all text is escaped by [`text::html`].

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::text;

/// HTML made by [`to_html`] and by nothing else: the only kind of value `partials/markdown.hbs` writes unescaped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MarkdownHtml(String);

impl MarkdownHtml {
    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Renders a note. Its headings become bold paragraphs: the outline of a page is the page's own.
pub fn to_html(source: &str) -> MarkdownHtml {
    let mut out = String::with_capacity(source.len() + source.len() / 2);
    // Links that lost their target still need their closing tag left out; a stack remembers which.
    let mut links: Vec<bool> = Vec::new();
    let mut in_head = false;
    let source = text::visible(source);
    for event in Parser::new_ext(&source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(tag) => start(&mut out, &tag, &mut links, &mut in_head),
            Event::End(tag) => end(&mut out, tag, &mut links, &mut in_head),
            Event::Text(t) | Event::Html(t) | Event::InlineHtml(t) | Event::InlineMath(t) | Event::DisplayMath(t) => {
                out.push_str(&text::html(&t));
            }
            Event::Code(t) => {
                out.push_str("<code>");
                out.push_str(&text::html(&t));
                out.push_str("</code>");
            }
            Event::FootnoteReference(t) => out.push_str(&text::html(&t)),
            Event::SoftBreak => out.push('\n'),
            Event::HardBreak => out.push_str("<br>\n"),
            Event::Rule => out.push_str("<hr>\n"),
            Event::TaskListMarker(done) => out.push_str(if done { "[x] " } else { "[ ] " }),
        }
    }
    if out.trim().is_empty() && !source.trim().is_empty() {
        // A note of nothing but definitions of links shows nothing: what somebody wrote is not lost for that.
        out = format!("<p>{}</p>\n", text::html(source.trim()));
    }
    MarkdownHtml(out)
}

fn open_link(out: &mut String, target: &str, links: &mut Vec<bool>) {
    match text::safe_href(target) {
        // A link inside a link (an image in a link) is not valid HTML: only the outer one stays.
        Some(href) if !links.contains(&true) => {
            out.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
            out.push_str(&text::html(href));
            out.push_str("\">");
            links.push(true);
        }
        _ => links.push(false),
    }
}

fn start(out: &mut String, tag: &Tag<'_>, links: &mut Vec<bool>, in_head: &mut bool) {
    match tag {
        Tag::Paragraph => out.push_str("<p>"),
        Tag::Heading { .. } => out.push_str("<p><strong>"),
        Tag::BlockQuote(_) => out.push_str("<blockquote>\n"),
        Tag::CodeBlock(_) => out.push_str("<pre class=\"code\"><code>"),
        Tag::List(None) => out.push_str("<ul>\n"),
        Tag::List(Some(first)) => out.push_str(&format!("<ol start=\"{first}\">\n")),
        Tag::Item => out.push_str("<li>"),
        Tag::Emphasis => out.push_str("<em>"),
        Tag::Strong => out.push_str("<strong>"),
        Tag::Strikethrough => out.push_str("<del>"),
        Tag::Table(_) => out.push_str("<table class=\"table\">\n"),
        Tag::TableHead => {
            *in_head = true;
            out.push_str("<thead><tr>");
        }
        Tag::TableRow => out.push_str("<tr>"),
        Tag::TableCell => out.push_str(if *in_head { "<th scope=\"col\">" } else { "<td>" }),
        Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => open_link(out, dest_url, links),
        _ => {}
    }
}

fn end(out: &mut String, tag: TagEnd, links: &mut Vec<bool>, in_head: &mut bool) {
    match tag {
        TagEnd::Paragraph => out.push_str("</p>\n"),
        TagEnd::Heading(_) => out.push_str("</strong></p>\n"),
        TagEnd::BlockQuote(_) => out.push_str("</blockquote>\n"),
        TagEnd::CodeBlock => out.push_str("</code></pre>\n"),
        TagEnd::List(ordered) => out.push_str(if ordered { "</ol>\n" } else { "</ul>\n" }),
        TagEnd::Item => out.push_str("</li>\n"),
        TagEnd::Emphasis => out.push_str("</em>"),
        TagEnd::Strong => out.push_str("</strong>"),
        TagEnd::Strikethrough => out.push_str("</del>"),
        TagEnd::Table => out.push_str("</tbody></table>\n"),
        TagEnd::TableHead => {
            *in_head = false;
            out.push_str("</tr></thead><tbody>\n");
        }
        TagEnd::TableRow => out.push_str("</tr>\n"),
        TagEnd::TableCell => out.push_str(if *in_head { "</th>" } else { "</td>" }),
        TagEnd::Link | TagEnd::Image => {
            let kept = links.pop() == Some(true);
            out.push_str(if kept { "</a>" } else { "" });
        }
        _ => {}
    }
}
