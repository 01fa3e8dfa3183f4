//! JUnit XML: a case is named by a property, or by its id within the name of the test.

use roxmltree::{Document, Node, ParsingOptions};
use seatrial_domain::suite::EvalVerdict;

use super::{EvalItem, Placed, message, named};

/// Most nodes that are read: bounds the memory a small file of countless tags can take.
const NODES: u32 = 2_000_000;

pub(super) fn read(text: &str) -> Result<Vec<Placed>, String> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| format!("it is no XML: {error}"))?;
    let cases: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .map(|node| {
            let place = format!("line {}", document.text_pos_at(node.range().start).row);
            (place, item(node))
        })
        .collect();
    if cases.is_empty() {
        return Err("it has no `testcase`; is it JUnit XML?".to_owned());
    }
    Ok(cases)
}

fn item(node: Node<'_, '_>) -> Result<EvalItem, String> {
    let properties = node.descendants().filter(|inner| inner.has_tag_name("property"));
    let properties = properties.filter(|property| property.attribute("name").is_some_and(|name| name.contains("case")));
    let properties: Vec<&str> =
        properties.filter_map(|property| property.attribute("value").or_else(|| property.text())).collect();
    let names = ["name", "classname"].into_iter().filter_map(|name| node.attribute(name));
    let case = named(properties.into_iter().chain(names).collect::<Vec<_>>().into_iter());
    let child = |tag: &str| node.children().find(|inner| inner.has_tag_name(tag));
    let found = [("error", EvalVerdict::Error), ("failure", EvalVerdict::Failed), ("skipped", EvalVerdict::Skipped)]
        .into_iter()
        .find_map(|(tag, verdict)| child(tag).map(|inner| (verdict, said(inner))));
    let (verdict, said) = found.unwrap_or((EvalVerdict::Passed, None));
    Ok(EvalItem {
        case: case.ok_or("the test has no name")?,
        trial: None,
        verdict,
        score: None,
        message: said,
        duration_ms: node.attribute("time").and_then(milliseconds),
    })
}

fn said(node: Node<'_, '_>) -> Option<String> {
    let parts = [node.attribute("message"), node.text()].into_iter().flatten().map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    message(&parts.join("\n"))
}

fn milliseconds(seconds: &str) -> Option<u64> {
    let seconds: f64 = seconds.replace(',', "").parse().ok()?;
    let inside = (0.0..1e9).contains(&seconds);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
    inside.then(|| (seconds * 1_000.0).round() as u64)
}
