//! A small, strict look at HTML: balanced tags, unique ids, headings in order, labelled fields, described tables,
//! landmarks. It knows only what our templates write, and so refuses what they should not.

use std::collections::{BTreeMap, BTreeSet};

use seatrial::render::text;

const VOID: [&str; 7] = ["meta", "link", "input", "br", "hr", "img", "rect"];

/// One start tag.
struct Tag {
    name: String,
    attributes: BTreeMap<String, String>,
}

enum Piece {
    Start(Tag),
    End(String),
    Text,
}

/// Splits HTML into tags and text. Fails on what a browser would have to guess at.
fn pieces(html: &str) -> Result<Vec<Piece>, String> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        if !rest[..open].trim().is_empty() {
            out.push(Piece::Text);
        }
        rest = &rest[open..];
        let close = tag_end(rest).ok_or_else(|| format!("a tag never ends: {:.60}", rest))?;
        let inside = &rest[1..close];
        rest = &rest[close + 1..];
        if inside.starts_with("!doctype") {
            continue;
        }
        if let Some(name) = inside.strip_prefix('/') {
            out.push(Piece::End(name.to_owned()));
            continue;
        }
        let tag = start_tag(inside.trim_end_matches('/'))?;
        let style = tag.name == "style";
        let closed = inside.ends_with('/') && !VOID.contains(&tag.name.as_str());
        let name = tag.name.clone();
        out.push(Piece::Start(tag));
        if closed {
            out.push(Piece::End(name));
        }
        if style {
            rest = &rest[rest.find("</style>").ok_or("style never ends")?..];
        }
    }
    Ok(out)
}

fn tag_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(i, c)| {
        if c == '"' {
            quoted = !quoted;
        }
        (c == '>' && !quoted).then_some(i)
    })
}

fn start_tag(inside: &str) -> Result<Tag, String> {
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) || name.is_empty() {
        return Err(format!("an odd tag: <{inside}>"));
    }
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("an odd attribute {key:?} in <{inside}>"));
        }
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(tail) = rest.strip_prefix("=\"") {
            let close = tail.find('"').ok_or_else(|| format!("an attribute never ends in <{inside}>"))?;
            value = tail[..close].to_owned();
            rest = &tail[close + 1..];
        }
        if attributes.insert(key.clone(), value).is_some() {
            return Err(format!("{key} twice in <{inside}>"));
        }
    }
    Ok(Tag { name: name.to_owned(), attributes })
}

/// Everything wrong with a page; empty when nothing is.
pub fn check(html: &str) -> Vec<String> {
    match pieces(html) {
        Err(fault) => vec![fault],
        Ok(list) => {
            let mut faults = balance(&list);
            faults.extend(ids_and_labels(&list));
            faults.extend(structure(&list));
            faults
        }
    }
}

fn balance(list: &[Piece]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut stack: Vec<&str> = Vec::new();
    for piece in list {
        match piece {
            Piece::Start(tag) if VOID.contains(&tag.name.as_str()) => {}
            Piece::Start(tag) => {
                let block = ["div", "ul", "ol", "dl", "p", "table", "form", "section", "pre", "h2", "h3"];
                if stack.last() == Some(&"p") && block.contains(&tag.name.as_str()) {
                    faults.push(format!("<{}> inside <p>", tag.name));
                }
                if tag.name == "form" && stack.contains(&"form") {
                    faults.push("a form inside a form".to_owned());
                }
                if ["a", "button"].contains(&tag.name.as_str())
                    && stack.iter().any(|open| ["a", "button"].contains(open))
                {
                    faults.push(format!("<{}> inside a link or button", tag.name));
                }
                stack.push(&tag.name);
            }
            Piece::End(name) => match stack.pop() {
                Some(open) if open == name => {}
                open => {
                    faults.push(format!("</{name}> closes {open:?}"));
                    return faults;
                }
            },
            Piece::Text => {}
        }
    }
    if !stack.is_empty() {
        faults.push(format!("never closed: {stack:?}"));
    }
    faults
}

fn ids_and_labels(list: &[Piece]) -> Vec<String> {
    let mut faults = Vec::new();
    let tags: Vec<&Tag> =
        list.iter().filter_map(|p| if let Piece::Start(tag) = p { Some(tag) } else { None }).collect();
    let mut ids = BTreeSet::new();
    for id in tags.iter().filter_map(|tag| tag.attributes.get("id")) {
        if !ids.insert(id.as_str()) {
            faults.push(format!("the id {id} twice"));
        }
    }
    for (tag, key) in tags.iter().flat_map(|tag| ["for", "aria-labelledby", "aria-describedby"].map(|key| (tag, key))) {
        for id in tag.attributes.get(key).into_iter().flat_map(|v| v.split_whitespace()) {
            if !ids.contains(id) {
                faults.push(format!("<{} {key}=\"{id}\"> names nothing", tag.name));
            }
        }
    }
    let labelled: BTreeSet<&str> =
        tags.iter().filter(|t| t.name == "label").filter_map(|t| t.attributes.get("for")).map(String::as_str).collect();
    let mut in_label = 0;
    for piece in list {
        match piece {
            Piece::Start(tag) if tag.name == "label" => in_label += 1,
            Piece::End(name) if name == "label" => in_label -= 1,
            Piece::Start(tag) if ["input", "select", "textarea"].contains(&tag.name.as_str()) => {
                let hidden = tag.attributes.get("type").is_some_and(|t| t == "hidden");
                let named = tag.attributes.get("id").is_some_and(|id| labelled.contains(id.as_str()));
                if !hidden && !named && in_label == 0 {
                    faults.push(format!("a field without a label: {:?}", tag.attributes));
                }
            }
            _ => {}
        }
    }
    faults
}

fn structure(list: &[Piece]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut level = 0;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut in_svg = 0;
    for (i, piece) in list.iter().enumerate() {
        if matches!(piece, Piece::End(name) if name == "svg") {
            in_svg -= 1;
        }
        let Piece::Start(tag) = piece else { continue };
        in_svg += i32::from(tag.name == "svg");
        if in_svg > 0 && tag.name == "title" {
            continue;
        }
        *counts.entry(tag.name.as_str()).or_default() += 1;
        if let Some(n) = tag.name.strip_prefix('h').and_then(|n| n.parse::<usize>().ok()) {
            if n > level + 1 {
                faults.push(format!("<h{n}> after <h{level}>"));
            }
            level = n;
            if !matches!(list.get(i + 1), Some(Piece::Text)) {
                faults.push(format!("an empty <h{n}>"));
            }
        }
        let has = |key: &str| tag.attributes.get(key).is_some_and(|v| !v.trim().is_empty());
        match tag.name.as_str() {
            "table" if !matches!(list.get(i + 1), Some(Piece::Start(next)) if next.name == "caption") => {
                faults.push("a table without a caption".to_owned());
            }
            "th" if !has("scope") => faults.push("a <th> without scope".to_owned()),
            "svg" if !has("aria-labelledby") && !has("aria-hidden") => faults.push("an svg without a name".to_owned()),
            "nav" if !has("aria-label") => faults.push("a nav without a name".to_owned()),
            "a" if !has("href") => faults.push("a link without a target".to_owned()),
            "a" | "button" if matches!(list.get(i + 1), Some(Piece::End(_))) && !has("aria-label") => {
                faults.push(format!("an empty <{}>", tag.name));
            }
            _ => {}
        }
    }
    for (name, wanted) in [("h1", 1), ("main", 1), ("title", 1), ("html", 1)] {
        if counts.get(name).copied().unwrap_or(0) != wanted {
            faults.push(format!("{:?} of <{name}>", counts.get(name)));
        }
    }
    faults
}

/// Fails when something of the hostile text is alive in the HTML: an element, an event handler, a dangerous target, a raw
/// control character.
pub fn assert_harmless(name: &str, html: &str) {
    let list = pieces(html).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    for piece in &list {
        let Piece::Start(tag) = piece else { continue };
        assert_ne!(tag.name, "img", "{name}");
        for (key, value) in &tag.attributes {
            assert!(!key.starts_with("on"), "{name}: {key}");
            let target = ["href", "src", "action"].contains(&key.as_str());
            assert!(
                !target || value.starts_with(['/', '?', '#']) || text::safe_href(value).is_some(),
                "{name}: {key}={value}"
            );
        }
    }
    let raw = html.chars().find(|c| *c != '\n' && *c != '\t' && text::visible(&c.to_string()) != c.to_string());
    assert_eq!(raw, None, "{name}: a raw control character");
}
