//! The spans of a stored body, each once.

use std::collections::HashMap;

use super::super::attributes::{Attribute, Value};
use super::super::wire::{Fields, Wire};

/// One span of a body, borrowed from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub trace_id: &'a [u8],
    pub id: &'a [u8],
    pub parent: &'a [u8],
    pub name: &'a str,
    pub start: u64,
    pub end: u64,
    /// The `Span`, `Resource` and `InstrumentationScope` messages.
    pub message: &'a [u8],
    pub resource: &'a [u8],
    pub scope: &'a [u8],
}

impl<'a> Step<'a> {
    /// Its attributes; what cannot be read is left out.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        fields(self.message, 9).filter_map(|value| Attribute::read(value.into_bytes()?).ok())
    }

    /// The value of an attribute.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.attributes().find(|attribute| attribute.key == key).map(|attribute| attribute.value)
    }
}

/// The values of the fields of one number; ends at what cannot be read.
pub(super) fn fields(message: &[u8], number: u32) -> impl Iterator<Item = Wire<'_>> {
    Fields::of(message).filter_map(Result::ok).filter(move |field| field.number == number).map(|field| field.value)
}

/// Bytes as hexadecimal text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The spans by start; of a span that is there several times the version that ended last.
pub(super) fn steps(body: &[u8]) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut index: HashMap<(&[u8], &[u8]), usize> = HashMap::new();
    let messages = |parent, number| fields(parent, number).filter_map(Wire::into_bytes);
    for group in messages(body, 1) {
        let resource = messages(group, 1).last().unwrap_or_default();
        for spans in messages(group, 2) {
            let scope = messages(spans, 1).last().unwrap_or_default();
            for message in messages(spans, 2) {
                let step = read(message, resource, scope);
                let at = *index.entry((step.trace_id, step.id)).or_insert(steps.len());
                match steps.get_mut(at) {
                    None => steps.push(step),
                    Some(known) if known.end < step.end => *known = step,
                    Some(_) => {}
                }
            }
        }
    }
    steps.sort_by_key(|step| step.start);
    steps
}

fn read<'a>(message: &'a [u8], resource: &'a [u8], scope: &'a [u8]) -> Step<'a> {
    let mut step = Step { trace_id: &[], id: &[], parent: &[], name: "", start: 0, end: 0, message, resource, scope };
    for field in Fields::of(message).filter_map(Result::ok) {
        match field.number {
            1 => step.trace_id = field.value.into_bytes().unwrap_or_default(),
            2 => step.id = field.value.into_bytes().unwrap_or_default(),
            4 => step.parent = field.value.into_bytes().unwrap_or_default(),
            5 => step.name = field.value.text().unwrap_or_default(),
            7 => step.start = field.value.number(),
            8 => step.end = field.value.number(),
            _ => {}
        }
    }
    step
}
