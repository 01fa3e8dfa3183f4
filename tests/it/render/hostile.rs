//! Every text of a document, replaced by text that tries to be more: no element, attribute, link or table cell arises that
//! plain text in the same places does not make, and JSON keeps the text as it was.

use std::collections::{BTreeMap, BTreeSet};

use html5gum::{Token, Tokenizer};
use pulldown_cmark::{Event, Options, Parser, Tag};
use seatrial::render::artifact::MARKDOWN_CHARACTERS;
use seatrial::render::document::{Document, DocumentView, TemplateFormat};
use seatrial::render::text;
use serde_json::Value;

use super::renderer;

/// Each tries something else; they stand at the beginning and at the end of a text.
const TRIES: &[&str] = &[
    "<script>alert(1)</script>",
    "</script></style></title></textarea><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" x='",
    "<!-- a comment --> <![CDATA[ ]]> <?php ?>",
    "&lt;b&gt; &#x3c;script&#x3e; &amp;lt; &copy",
    "\u{202e}gpj.exe\u{2066} \u{200b}\u{feff}\u{ad} \u{e0041}",
    "\u{0}\u{7}\u{8}\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}link\u{9b}31m\u{7f}\u{85}",
    "[a](javascript:alert(1)) ![b](https://evil.example/b.png) [c][d]",
    "[d]: https://evil.example \"title\"",
    "[^1]: a footnote",
    "<https://evil.example> https://evil.example www.evil.example a@evil.example mailto:a@evil.example",
    "@everyone #1 GH-1 !1 :tada:",
    "# heading",
    "- item",
    "* item",
    "+ item",
    "- [x] task",
    "1. item",
    "1) item",
    "> quote",
    "| a | b |\n|---|---|\n| c | d |",
    "a | b \\| c \\",
    "---",
    "===",
    "```\ncode\n```",
    "~~~",
    "`code` ``code`` ```` `````",
    "**bold** __bold__ *it* _it_ ~~gone~~ ~sub~ ^sup^ ||hidden||",
    "$a$ $$b$$ \\(c\\)",
    "line\nline\r\n\r\nline\u{2028}line\u{c}line",
    "    indented\n\tcode",
    "{{csrf}} {{{this}}} {{#each checks}} {{> partials/checks}} {{/if}} \\{{x}}",
    "a  \nb\\\nc",
    "term\n: definition",
    "%3Cscript%3E \\u003cscript\\u003e \\x3c",
];

/// The pointers of every text in a JSON value, with the text, and of everything that is not there and may be a text.
fn texts(value: &Value, at: &str, out: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => out.push((at.to_owned(), text.clone())),
        Value::Null => out.push((at.to_owned(), at.to_owned())),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| texts(item, &format!("{at}/{i}"), out)),
        Value::Object(map) => map.iter().for_each(|(name, item)| texts(item, &format!("{at}/{name}"), out)),
        _ => {}
    }
}

/// The document of a JSON value, where its types allow it.
fn read(document: Document, value: &Value) -> Option<DocumentView> {
    Some(match document {
        Document::Review => DocumentView::Review(Box::new(serde_json::from_value(value.clone()).ok()?)),
        Document::Incident => DocumentView::Incident(Box::new(serde_json::from_value(value.clone()).ok()?)),
    })
}

fn json(view: &DocumentView) -> Value {
    serde_json::from_str(&renderer().document_json(view).expect("json")).expect("JSON")
}

/// A sample with the places in it that take any text. Times and units are no texts: their types refuse it.
struct Sample {
    document: Document,
    value: Value,
    /// Pointer, and a number that equal texts share: what names the same thing must go on naming the same thing.
    places: Vec<(String, usize)>,
}

impl Sample {
    /// Every sample with places of its own.
    fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for sample in Document::ALL.into_iter().flat_map(DocumentView::samples).map(|view| Self::of(&view)) {
            let at = |sample: &Self| sample.places.iter().map(|(at, _)| at.clone()).collect::<Vec<_>>();
            if all.iter().all(|other| other.document != sample.document || at(other) != at(&sample)) {
                all.push(sample);
            }
        }
        all
    }

    fn of(view: &DocumentView) -> Self {
        let (document, value) = (view.document(), json(view));
        let mut found = Vec::new();
        texts(&value, "", &mut found);
        let mut numbers = BTreeMap::new();
        let free = found.into_iter().filter(|(at, _)| {
            let mut tried = value.clone();
            *tried.pointer_mut(at).expect("it is there") = Value::from("any text");
            read(document, &tried).is_some()
        });
        let places = free.map(|(at, text)| {
            let next = numbers.len();
            (at, *numbers.entry(text).or_insert(next))
        });
        Self { document, places: places.collect(), value }
    }

    /// The document with every text but the excepted replaced.
    fn with(&self, except: &[&str], text: impl Fn(usize) -> String) -> DocumentView {
        let mut value = self.value.clone();
        for (at, number) in self.places.iter().filter(|(at, _)| !except.contains(&at.as_str())) {
            *value.pointer_mut(at).expect("it is there") = Value::from(text(*number));
        }
        read(self.document, &value).expect("texts only")
    }
}

/// Tags with their attributes as a browser's tokenizer finds them, in order. Numbers of a drawing depend on the length of
/// its words and are left out.
fn tags(html: &str) -> Vec<String> {
    const GEOMETRY: &[&str] =
        &["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "viewbox", "d", "points"];
    let shown = |token: Token<()>| match token {
        Token::StartTag(tag) => {
            let attributes = tag.attributes.iter().map(|(name, value)| {
                let name = String::from_utf8_lossy(name);
                let value = String::from_utf8_lossy(&value.value);
                if GEOMETRY.contains(&&*name) { name.into_owned() } else { format!("{name}={value}") }
            });
            let attributes: Vec<String> = attributes.collect();
            Some(format!("<{} {}>", String::from_utf8_lossy(&tag.name), attributes.join(" ")))
        }
        Token::EndTag(tag) => Some(format!("</{}>", String::from_utf8_lossy(&tag.name))),
        Token::Comment(_) => Some("a comment".to_owned()),
        Token::Doctype(_) => Some("a doctype".to_owned()),
        Token::Error(error) => Some(format!("a fault: {}", error.value)),
        Token::String(_) => None,
    };
    Tokenizer::new(html).flatten().filter_map(shown).collect()
}

/// The words of HTML, as a browser shows them.
fn words_of_html(html: &str) -> String {
    let words = Tokenizer::new(html).flatten().filter_map(|token: Token<()>| match token {
        Token::String(text) => Some(String::from_utf8_lossy(&text.value).into_owned()),
        _ => None,
    });
    words.collect::<Vec<_>>().concat()
}

/// What a code host makes of Markdown, with everything on that its parser can do, in order, without the words.
fn parts(markdown: &str) -> Vec<String> {
    let shown = |event: Event<'_>| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(format!("a link to {dest_url}")),
        Event::Start(tag) => Some(format!("{tag:?}")),
        Event::End(tag) => Some(format!("end of {tag:?}")),
        Event::Text(_) | Event::SoftBreak => None,
        Event::Code(_) => Some("code".to_owned()),
        other => Some(format!("{other:?}")),
    };
    Parser::new_ext(markdown, Options::all()).filter_map(shown).collect()
}

fn words_of_markdown(markdown: &str) -> String {
    // Some hosts write `---` as a dash; the words are the same.
    let options = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
    let words = Parser::new_ext(markdown, options).filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.into_string()),
        _ => None,
    });
    words.collect::<Vec<_>>().concat()
}

/// Where two shapes part, with what stands before it.
fn difference(plain: &[String], hostile: &[String]) -> Option<String> {
    let at = plain.iter().zip(hostile).position(|(one, other)| one != other);
    let at = at.or((plain.len() != hostile.len()).then(|| plain.len().min(hostile.len())))?;
    let around = |shape: &[String]| shape[at.saturating_sub(3)..shape.len().min(at + 3)].join(" ");
    Some(format!("{} became {}", around(plain), around(hostile)))
}

/// The reason is Markdown and the address is a link in Markdown: they have tests of their own.
const OF_THEIR_OWN: &[&str] = &["/decision/reason", "/url"];

fn forms(tried: &str) -> [Box<dyn Fn(usize) -> String + '_>; 2] {
    [Box::new(move |number| format!("{tried} {number}")), Box::new(move |number| format!("{number} {tried}"))]
}

#[test]
fn every_text_of_a_document_is_text() {
    let mut faults = Vec::new();
    let samples = Sample::all();
    let places = samples.iter().map(|sample| sample.places.len()).sum::<usize>();
    assert!(samples.len() >= 5 && places > 350, "{places} texts in {} samples", samples.len());
    for (n, sample) in samples.iter().enumerate() {
        assert!(sample.places.len() > 10, "{n}: only {} texts", sample.places.len());
        let make = |view: &DocumentView, format| renderer().document(view, format).expect("it renders");
        let shapes = |tried: &str, k: usize| {
            let view = sample.with(OF_THEIR_OWN, &forms(tried)[k]);
            let (html, markdown) = (make(&view, TemplateFormat::Html), make(&view, TemplateFormat::Markdown));
            ((tags(&html), parts(&markdown)), (html, markdown))
        };
        for k in [0, 1] {
            // Long labels of a drawing are turned; apart from that no length makes a difference. No address of the view
            // becomes a link: a document that travels holds none.
            let plain = [shapes("word", k).0, shapes("many words in a row that go on and on", k).0];
            assert!(
                plain[0]
                    .0
                    .iter()
                    .all(|tag| !tag.starts_with("a fault") && tag != "a comment" && !tag.starts_with("<a ")),
                "{plain:?}"
            );
            for tried in TRIES {
                let ((tags, parts), (html, markdown)) = shapes(tried, k);
                let in_html = difference(&plain[0].0, &tags).and(difference(&plain[1].0, &tags));
                let found = [in_html, difference(&plain[0].1, &parts)];
                faults.extend(found.into_iter().flatten().map(|found| format!("sample {n}, {tried:?}: {found}")));
                let shown = text::single_line(tried);
                for (format, raw, words) in
                    [("HTML", &html, words_of_html(&html)), ("Markdown", &markdown, words_of_markdown(&markdown))]
                {
                    if *raw != text::visible(raw) {
                        faults.push(format!("sample {n}, {format}, {tried:?}: a character that disguises"));
                    }
                    if !words.replace('\u{200b}', "").contains(&shown) {
                        faults.push(format!("sample {n}, {format}, {tried:?} does not come out as {shown:?}"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn json_keeps_every_text_and_shows_nothing_that_disguises() {
    for sample in Sample::all() {
        for tried in TRIES {
            let view = sample.with(&[], &forms(tried)[0]);
            let written = renderer().document_json(&view).expect("json");
            assert!(text::visible(&written) == written, "{tried:?}");
            let back: Value = serde_json::from_str(&written).expect("JSON");
            for (at, number) in &sample.places {
                assert_eq!(back.pointer(at), Some(&Value::from(format!("{tried} {number}"))), "{at}");
            }
        }
    }
}

/// What a code host links by itself, after Markdown is read, is broken up in every text.
#[test]
fn nothing_is_left_for_a_code_host_to_link() {
    let tried = "https://evil.example http://evil.example ftp://evil.example www.evil.example WWW.evil.example @everyone \
                 a@evil.example #1 GH-1 owner/name#1 owner/name@0123456";
    for sample in Sample::all() {
        let view = sample.with(OF_THEIR_OWN, |number| format!("{tried} {number}"));
        let markdown = renderer().document(&view, TemplateFormat::Markdown).expect("it renders");
        // Inside code nothing is linked.
        let words = Parser::new_ext(&markdown, Options::all()).filter_map(|event| match event {
            Event::Text(text) => Some(text.into_string()),
            _ => None,
        });
        let words = words.collect::<Vec<_>>().concat();
        for linked in ["://evil", "www.evil", "WWW.evil", "@everyone", "@evil", "#1", "GH-1", "@0123456"] {
            assert!(!words.contains(linked), "{linked} in {words}");
        }
    }
}

/// A person's reason is Markdown: it makes paragraphs, lists, tables and links, and never more than that.
#[test]
fn a_reason_makes_nothing_but_what_notes_may_have() {
    const MAY: &[&str] = &[
        "p",
        "strong",
        "em",
        "del",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "a",
        "br",
        "hr",
    ];
    let sample = Sample::of(&DocumentView::sample(Document::Review));
    for tried in TRIES {
        let mut value = sample.value.clone();
        let html = |reason: &str| {
            let mut value = value.clone();
            *value.pointer_mut("/decision/reason").expect("a reason") = Value::from(reason);
            let view = read(Document::Review, &value).expect("a review");
            renderer().document(&view, TemplateFormat::Html).expect("it renders")
        };
        let (plain, hostile) = (tags(&html("word")), tags(&html(tried)));
        let same = |(one, other): &(&String, &String)| one == other;
        let before = plain.iter().zip(&hostile).take_while(same).count();
        let after = plain[before..].iter().rev().zip(hostile[before..].iter().rev()).take_while(same).count();
        // What is around the reason stays what it was but for its one paragraph; what is in it is on the list.
        assert!(before + after + 2 >= plain.len(), "{tried:?}: {hostile:?}");
        for tag in &hostile[before..hostile.len() - after] {
            let name: String =
                tag.chars().skip_while(|c| "</".contains(*c)).take_while(char::is_ascii_alphanumeric).collect();
            assert!(MAY.contains(&name.as_str()), "{tried:?} makes {tag}");
            let harmless = !tag.contains(" on")
                && !tag.contains("style=")
                && !tag.contains("javascript:")
                && !tag.contains("src=");
            assert!(harmless, "{tried:?} makes {tag}");
        }
        value["decision"]["reason"] = Value::Null;
        assert!(read(Document::Review, &value).is_none(), "a decision has a reason");
    }
}

#[test]
fn an_address_is_a_link_only_where_it_is_one() {
    let sample = Sample::of(&DocumentView::sample(Document::Review));
    let usual: BTreeSet<String> = {
        let view = read(Document::Review, &sample.value).expect("a review");
        parts(&renderer().document(&view, TemplateFormat::Markdown).expect("it renders")).into_iter().collect()
    };
    for tried in TRIES.iter().copied().chain([
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://a.example/)x[y](z",
    ]) {
        let mut value = sample.value.clone();
        value["url"] = Value::from(tried);
        let view = read(Document::Review, &value).expect("a review");
        let html = renderer().document(&view, TemplateFormat::Html).expect("it renders");
        assert!(tags(&html).iter().all(|tag| !tag.contains("href=") && !tag.starts_with("a fault")), "{tried:?}");
        let markdown = renderer().document(&view, TemplateFormat::Markdown).expect("it renders");
        let new: Vec<String> = parts(&markdown).into_iter().filter(|part| !usual.contains(part)).collect();
        let link =
            |part: &&String| !part.starts_with("a link to ") || part.contains("javascript:") || part.contains("data:");
        assert!(new.len() <= 1 && new.iter().find(link).is_none(), "{tried:?}: {new:?}");
    }
}

#[test]
fn a_text_without_end_breaks_nothing() {
    let sample = Sample::of(&DocumentView::sample(Document::Review));
    let count = |shape: Vec<String>| {
        let mut counts = BTreeMap::<String, usize>::new();
        shape.into_iter().for_each(|part| *counts.entry(part).or_default() += 1);
        counts
    };
    for unit in ["x", "|", "`", "<b>", "["] {
        let long = unit.repeat(100_000 / unit.len());
        // One after the other: each is as long as a project's whole document may be.
        for at in [
            "/workflow",
            "/comparison",
            "/questions/release_use",
            "/checks/0/why",
            "/digests/0/value",
            "/verify_command",
        ] {
            let of = |text: &str| {
                let mut value = sample.value.clone();
                *value.pointer_mut(at).unwrap_or_else(|| panic!("no {at}")) = Value::from(text);
                read(Document::Review, &value).expect("a review")
            };
            let make = |text: &str, format| renderer().document(&of(text), format).expect("it renders");
            let (plain, html) = (make("word", TemplateFormat::Html), make(&long, TemplateFormat::Html));
            assert_eq!(difference(&tags(&plain), &tags(&html)), None, "{unit} in {at}");
            let (plain, markdown) = (make("word", TemplateFormat::Markdown), make(&long, TemplateFormat::Markdown));
            assert!(markdown.chars().count() <= MARKDOWN_CHARACTERS, "{unit} in {at}");
            let (mut plain, cut) = (count(parts(&plain)), count(parts(&markdown)));
            // The note that it was shortened is bold and has the link.
            for own in ["Strong", "end of Strong", "Paragraph", "end of Paragraph"] {
                *plain.entry(own.to_owned()).or_default() += 1;
            }
            let more: Vec<_> = cut.iter().filter(|(part, n)| plain.get(*part).is_none_or(|usual| *n > usual)).collect();
            assert!(more.is_empty(), "{unit} in {at}: {more:?}");
        }
    }
}
