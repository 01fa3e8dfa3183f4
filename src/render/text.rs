//! Hostile text made harmless: control characters shown, HTML and Markdown escaped.
//!
//! Everything that a run, a trace or a person supplies passes through here before it reaches a page, a
//! document or a mail. Control characters are shown rather than dropped, so that a reader sees that
//! something was hidden in the text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for a character that changes how the text around it is shown without being visible itself:
/// C0 and C1 controls other than tab and newline, bidirectional controls, invisible separators, tag characters.
fn is_disguise(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Shows every disguising character as its code point, `[U+202E]`. Tab and newline stay, a carriage return
/// before a newline goes. Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji need them.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_disguise) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        if is_disguise(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "[U+{:04X}]", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// [`visible`] on one line: newlines and tabs become spaces. For mail subjects, table cells and titles.
pub fn single_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// [`visible`], escaped for HTML text and for attribute values in either kind of quotes.
pub fn html(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            other => out.push(other),
        }
    }
    out
}

/// One line of Markdown that shows `text` literally: no markup, HTML, table cells, links, mentions or issue references.
///
/// A zero-width space entity breaks what a code host would link *after* rendering (`@name`, `#12`, `GH-12`,
/// `https://`, `www.`): a backslash does not, since those are found in the finished text.
pub fn markdown(text: &str) -> String {
    const BREAK: &str = "&#8203;";
    let line = single_line(text);
    let mut out = String::with_capacity(line.len() + 16);
    let mut previous = ' ';
    let mut rest = line.as_str();
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => {
                out.push('@');
                out.push_str(BREAK);
            }
            '#' => {
                out.push_str("\\#");
                out.push_str(BREAK);
            }
            '-' | '+' | '=' if out.is_empty() => {
                out.push('\\');
                out.push(c);
            }
            // Between letters an underscore is one; names of fields and classes stay readable.
            '_' if previous.is_alphanumeric() && tail.starts_with(char::is_alphanumeric) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' | '^' => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if starts_list(&out, tail) => {
                out.push('\\');
                out.push(c);
            }
            ':' if tail.starts_with("//") => {
                out.push(':');
                out.push_str(BREAK);
            }
            '.' if out.len() >= 3
                && out.is_char_boundary(out.len() - 3)
                && out[out.len() - 3..].eq_ignore_ascii_case("www") =>
            {
                out.push_str(BREAK);
                out.push('.');
            }
            '-' if previous.eq_ignore_ascii_case(&'h') && tail.starts_with(|d: char| d.is_ascii_digit()) => {
                out.push('-');
                out.push_str(BREAK);
            }
            other => out.push(other),
        }
        previous = c;
        rest = tail;
    }
    out
}

/// True where a point or bracket after `before` would make the number it ends a list item: at the start of the line,
/// with a space or nothing after it.
fn starts_list(before: &str, after: &str) -> bool {
    !before.is_empty() && before.bytes().all(|b| b.is_ascii_digit()) && (after.is_empty() || after.starts_with(' '))
}

/// JSON text with every disguising character in its strings written as an escape: the same values, and safe to
/// print in a terminal.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units = [0_u16; 2];
    for c in text.chars() {
        // Outside strings JSON has no such character; the line breaks between its tokens stay.
        if is_disguise(c) && c != '\r' {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A Markdown code span that shows `text` literally, whatever backticks it holds. Inside a table a pipe would
/// end the cell even in code, so it is shown as a broken bar.
pub fn markdown_code(text: &str) -> String {
    let line = single_line(text).replace('|', "\u{a6}");
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') || line.is_empty() { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// The first `max` characters of `text`, with an ellipsis where something was left off.
pub fn clip(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", text[..end].trim_end())),
    }
}

/// `text` with every byte outside the unreserved set percent-encoded, for one value of a query string or path.
pub fn url_component(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A link target that a page may carry: a path of this service, or an address with an allowed scheme.
/// Everything else (`javascript:`, `data:`, protocol-relative `//host`, backslash tricks) is `None`.
pub fn safe_href(href: &str) -> Option<&str> {
    let trimmed = href.trim();
    if trimmed.contains(|c: char| c.is_control() || c == '\\') || trimmed.contains(is_disguise) {
        return None;
    }
    if trimmed.starts_with("//") {
        return None;
    }
    let head = trimmed.split(['/', '?', '#']).next().unwrap_or_default();
    match head.split_once(':') {
        None => Some(trimmed),
        Some((scheme, _)) => {
            ["http", "https", "mailto"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed)).then_some(trimmed)
        }
    }
}

/// A line of CSV (RFC 4180). Control characters are shown, and a text that a spreadsheet would take for a formula is
/// marked as text by an apostrophe.
pub fn csv_line(fields: &[&str]) -> String {
    let field = |text: &&str| {
        let shown = visible(text);
        let formula = shown.starts_with(['=', '+', '-', '@']);
        let marked = if formula { format!("'{shown}") } else { shown.into_owned() };
        format!("\"{}\"", marked.replace('"', "\"\""))
    };
    format!("{}\r\n", fields.iter().map(field).collect::<Vec<_>>().join(","))
}
