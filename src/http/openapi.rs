//! The OpenAPI document, generated from the handlers.

use std::collections::BTreeSet;

use actix_web::http::Method;
use seatrial_domain::limits;
use serde_json::json;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa_actix_web::AppExt as _;

use super::middleware::idempotency::is_repeatable;
use super::problem::CONTENT_TYPE;
use crate::config::DEFAULT_TOML;
use crate::render::document::TEMPLATE_BYTES;

/// What the document says besides the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seatrial",
        description = "The release gate of record for AI agents. Errors are application/problem+json (RFC 9457) with \
                       a stable `code`. Every operation states the permission it needs as `x-permission`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "Whoever runs this installation")
    ),
    servers((url = "/", description = "This installation")),
    modifiers(&Security)
)]
struct Base;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut Document) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key (`sea_…`) or an access token from `POST /api/v1/tokens`."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
}

/// The document of this version.
#[must_use]
pub fn document() -> Document {
    let app = actix_web::App::new().into_utoipa_app().openapi(Base::openapi()).configure(super::api::configure);
    let mut document = app.split_for_parts().1;
    complete(&mut document);
    document
}

/// Adds what holds for every operation: how each can fail besides what its handler says, that errors are problems, and
/// the header under which a creation may be sent again.
fn complete(document: &mut Document) {
    let mut tags = BTreeSet::new();
    for (path, item) in &mut document.paths.paths {
        let methods = [
            (Method::GET, &mut item.get),
            (Method::PUT, &mut item.put),
            (Method::POST, &mut item.post),
            (Method::DELETE, &mut item.delete),
            (Method::PATCH, &mut item.patch),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            tags.extend(operation.tags.iter().flatten().cloned());
            if operation.description.as_deref().is_none_or(str::is_empty) {
                operation.description.clone_from(&operation.summary);
            }
            let repeatable = is_repeatable(&method, path);
            say_how_it_fails(operation, &method, repeatable);
            if repeatable {
                say_that_it_may_be_sent_again(operation);
            }
        }
    }
    let tag = |name: String| {
        let description = format!("Operations on {}.", name.replace('-', " "));
        TagBuilder::new().name(name).description(Some(description)).build()
    };
    drop_unused_schemas(document);
    document.tags = Some(tags.into_iter().map(tag).collect());
    say_the_limits(document);
}

/// The bounds on what is sent and asked, as `x-limits`. Requests a second are settings of an installation, whose built-in
/// values these are; a refused request says how long to wait.
fn say_the_limits(document: &mut Document) {
    let limits = json!({
        "json_body_bytes": limits::JSON_BODY_BYTES,
        "run_batch_bytes": limits::RUN_BATCH_BYTES,
        "run_line_bytes": limits::RUN_LINE_BYTES,
        "runs_per_batch": limits::RUNS_PER_BATCH,
        "otlp_body_bytes": limits::OTLP_BODY_BYTES,
        "otlp_decompressed_bytes": limits::OTLP_DECOMPRESSED_BYTES,
        "label_bytes": limits::LABEL_BYTES,
        "note_bytes": limits::NOTE_BYTES,
        "page_size": limits::PAGE_SIZE,
        "page_size_max": limits::PAGE_SIZE_MAX,
        "results_per_request": limits::RESULTS_PER_REQUEST,
        "failures_per_act": limits::FAILURES_PER_ACT,
        "query_days": limits::QUERY_DAYS,
        "template_bytes": TEMPLATE_BYTES,
        "caller_requests_per_second": default_rate("caller_requests_per_second"),
        "address_requests_per_second": default_rate("address_requests_per_second"),
    });
    document.extensions.get_or_insert_default().insert("x-limits".to_owned(), limits);
}

/// A built-in setting of `[limits]`.
fn default_rate(name: &str) -> Option<u32> {
    let line = DEFAULT_TOML.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    line.and_then(|value| value.trim().parse().ok())
}

/// Shapes that only stood in for a part of a page of a list.
fn drop_unused_schemas(document: &mut Document) {
    loop {
        let text = document.to_json().unwrap_or_default();
        let Some(components) = &mut document.components else { return };
        let before = components.schemas.len();
        components.schemas.retain(|name, _| text.contains(&format!("#/components/schemas/{name}\"")));
        if components.schemas.len() == before {
            return;
        }
    }
}

fn say_how_it_fails(operation: &mut Operation, method: &Method, repeatable: bool) {
    let mut fails = vec![
        ("429", "Too many requests; try again after Retry-After"),
        ("500", "A fault of the service"),
        ("503", "The database cannot be used at the moment"),
    ];
    let in_query = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if matches!(parameter.parameter_in, ParameterIn::Query));
    let has_query = operation.parameters.iter().flatten().any(in_query);
    if operation.request_body.is_some() {
        fails.extend([
            ("400", "The body cannot be read"),
            ("413", "The body is too large"),
            ("415", "The body is of another content type"),
            ("422", "A field breaks a rule"),
        ]);
    } else if repeatable {
        fails.extend([
            ("400", "The request cannot be read"),
            ("413", "The body is too large"),
            ("422", "The Idempotency-Key is none"),
        ]);
    } else if has_query {
        fails.extend([("400", "The query cannot be read"), ("422", "A part of the query breaks a rule")]);
    }
    if method != Method::GET {
        fails.extend([("409", "It does not fit the current state"), ("507", "The disk of the database is full")]);
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in fails {
        if !responses.contains_key(status) {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            let response = ResponseBuilder::new().description(description).content(CONTENT_TYPE, content);
            responses.insert(status.to_owned(), RefOr::T(response.build()));
        }
    }
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
        if let RefOr::T(response) = response {
            name_problems(response);
        }
    }
}

/// Handlers describe a problem by its type, which says nothing of its content type.
fn name_problems(response: &mut Response) {
    if let Some(content) = response.content.shift_remove("application/json") {
        response.content.insert(CONTENT_TYPE.to_owned(), content);
    }
}

fn say_that_it_may_be_sent_again(operation: &mut Operation) {
    let schema = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .min_length(Some(16))
        .max_length(Some(128))
        .pattern(Some("^[!-~]+$"))
        .build();
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A name of this request, such as a random UUID: sent again within a day, it is done once."))
        .schema(Some(schema))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}

/// The document as it is committed: pretty JSON with a final newline.
///
/// # Panics
/// Never: a document is plain data.
#[must_use]
pub fn json() -> String {
    let mut text = document().to_pretty_json().expect("invariant: an OpenAPI document is plain data");
    text.push('\n');
    text
}
