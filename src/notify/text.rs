//! Foreign text made safe for one line: a mail subject, a display name, an error that is logged and stored.

/// `text` on one line: control characters and invisible direction marks become spaces, runs of white
/// space become one, and anything beyond `max_chars` characters is cut, ending in `…`.
pub fn single_line(text: &str, max_chars: usize) -> String {
    let visible = text.chars().map(|c| if is_unsafe(c) { ' ' } else { c });
    let mut line = String::new();
    let mut pending_space = false;
    for c in visible {
        if c.is_whitespace() {
            pending_space = !line.is_empty();
            continue;
        }
        if pending_space {
            line.push(' ');
            pending_space = false;
        }
        line.push(c);
    }
    cut(line, max_chars)
}

/// `text` with its line ends and tabs kept and every other control character removed.
pub fn multi_line(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_unsafe(*c)).collect()
}

/// Control characters, and the marks that turn the reading direction around to disguise text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn cut(line: String, max_chars: usize) -> String {
    match line.char_indices().nth(max_chars) {
        None => line,
        Some(_) => line.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect(),
    }
}
