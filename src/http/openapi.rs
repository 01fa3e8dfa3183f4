//! The OpenAPI document, generated from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_actix_web::AppExt as _;

/// What the document says besides the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seatrial",
        description = "The release gate of record for AI agents. Errors are application/problem+json (RFC 9457) with \
                       a stable `code`. Every operation states the permission it needs as `x-permission`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
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
    app.split_for_parts().1
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
