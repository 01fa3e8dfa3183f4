//! A request into its spans, and spans back into a body: slices of the bytes that arrived, never encoded again.

use std::cell::OnceCell;
use std::rc::Rc;

use seatrial_domain::limits;

use super::DecodeError;
use super::wire::{Field, Fields, Malformed, put_header, varint_len};

/// Where a span stood: the resource and scope above it, as the fields that arrived.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// The fields of its `ResourceSpans` other than `scope_spans`, and of its `ScopeSpans` other than `spans`.
    resource: Rc<[&'a [u8]]>,
    scope: Vec<&'a [u8]>,
}

/// Makes the [`Place`] of a span, to be asked for once a scope.
pub(super) type MakePlace<'p, 'a> = &'p dyn Fn() -> Result<Place<'a>, Malformed>;

/// Receives what [`walk`] meets.
pub(super) trait Visit<'a> {
    /// Why a walk may end early.
    type Stop: From<Malformed>;

    /// A resource begins; `attributes` are its `KeyValue` messages.
    fn resource(&mut self, attributes: impl Iterator<Item = Result<&'a [u8], Malformed>>) -> Result<(), Self::Stop>;

    /// A span: the message itself, the whole field it stood in, and where.
    fn span(&mut self, message: &'a [u8], raw: &'a [u8], place: MakePlace<'_, 'a>) -> Result<(), Self::Stop>;

    /// The spans that follow stand in another scope.
    fn scope(&mut self);
}

/// Goes through the spans of a `TracesData` message in order.
pub(super) fn walk<'a, V: Visit<'a>>(body: &'a [u8], visitor: &mut V) -> Result<(), V::Stop> {
    for group in Fields::of(body) {
        let group = group?;
        if group.number == 1 {
            walk_resource(group.value.bytes()?, visitor)?;
        }
    }
    Ok(())
}

fn walk_resource<'a, V: Visit<'a>>(message: &'a [u8], visitor: &mut V) -> Result<(), V::Stop> {
    const RESOURCE: u32 = 1;
    const SCOPE_SPANS: u32 = 2;
    // The resource may come after its spans: fields have no order. Look for it first.
    let resources = Fields::of(message).filter_map(|field| match field {
        Ok(field) if field.number == RESOURCE => Some(field.value.bytes()),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    visitor.resource(resources.flat_map(|resource| {
        let (fields, error) = match resource {
            Ok(resource) => (Fields::of(resource), None),
            Err(error) => (Fields::of(&[]), Some(Err(error))),
        };
        let attributes = fields.filter_map(|field| match field {
            Ok(field) if field.number == 1 => Some(field.value.bytes()),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        });
        attributes.chain(error)
    }))?;
    // Found when the first span is kept, and once however many scopes there are.
    let above: OnceCell<Rc<[&'a [u8]]>> = OnceCell::new();
    for scope in Fields::of(message) {
        let scope = scope?;
        if scope.number != SCOPE_SPANS {
            continue;
        }
        visitor.scope();
        let inner = scope.value.bytes()?;
        let place = || {
            if above.get().is_none() {
                above.set(frame(message)?.into()).ok();
            }
            let resource = above.get().cloned().unwrap_or_default();
            Ok(Place { resource, scope: frame(inner)? })
        };
        for span in Fields::of(inner) {
            let span = span?;
            if span.number == 2 {
                visitor.span(span.value.bytes()?, span.raw, &place)?;
            }
        }
    }
    Ok(())
}

/// The fields 1 (resource or scope) and 3 (schema) of a message; others are not of OTLP as it is now.
fn frame(message: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    const MOST: usize = 16;
    let known = |field: &Field<'_>| matches!(field.number, 1 | 3);
    let frame: Vec<&[u8]> =
        Fields::of(message).filter_map(Result::ok).filter(known).map(|field| field.raw).take(MOST + 1).collect();
    if frame.len() > MOST { Err(Malformed("has a resource or scope in more than 16 parts")) } else { Ok(frame) }
}

fn length(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// Builds bodies out of spans and their places, within a budget: a resource is repeated for each of its traces, so
/// that a body of one huge resource and many traces would otherwise multiply.
#[derive(Debug)]
pub(super) struct Bodies {
    left: usize,
}

impl Bodies {
    pub const fn new() -> Self {
        Self { left: limits::OTLP_DECOMPRESSED_BYTES + limits::OTLP_DECOMPRESSED_BYTES / 4 }
    }

    /// The `TracesData` of `spans`: each with the index of its place among `places` and its field.
    pub fn build(&mut self, places: &[Place<'_>], spans: &[(usize, &[u8])]) -> Result<Vec<u8>, DecodeError> {
        let groups =
            || spans.chunk_by(|a, b| a.0 == b.0).filter_map(|group| Some((places.get(group.first()?.0)?, group)));
        let sizes = |place: &Place<'_>, group: &[(usize, &[u8])]| {
            let scope = length(&place.scope) + group.iter().map(|(_, raw)| raw.len()).sum::<usize>();
            let resource = length(&place.resource) + 1 + varint_len(scope) + scope;
            (resource, scope)
        };
        let total: usize = groups()
            .map(|(place, group)| sizes(place, group).0)
            .map(|resource| 1 + varint_len(resource) + resource)
            .sum();
        self.left =
            self.left.checked_sub(total).ok_or(DecodeError::TooLarge { cap: limits::OTLP_DECOMPRESSED_BYTES })?;
        let mut body = Vec::with_capacity(total);
        for (place, group) in groups() {
            let (resource, scope) = sizes(place, group);
            put_header(&mut body, 1, resource);
            place.resource.iter().for_each(|part| body.extend_from_slice(part));
            put_header(&mut body, 2, scope);
            place.scope.iter().for_each(|part| body.extend_from_slice(part));
            group.iter().for_each(|(_, raw)| body.extend_from_slice(raw));
        }
        Ok(body)
    }
}
