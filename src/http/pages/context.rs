//! What every page shares: who looks at it, the project it is in, what waits for them, and the frame it is shown in.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use seatrial_domain::access::Permission;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::saved_view::ViewedList;
use serde::Serialize;

use super::{flash, link, saved_view};
use crate::app::App;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::account::Membership;
use crate::http::extract::PageCaller;
use crate::http::problem::Problem;
use crate::render::Renderer;
use crate::render::table::{TableFormat, table};
use crate::render::view::saved_view::ViewBar;
use crate::render::view::{Account, Flash, Link, NavCounts, Page, ProjectRef, View};

/// What a page answers.
pub type Answer = Result<HttpResponse, Problem>;

/// Somebody signed in, with the service and the templates: what a handler works with before it knows the project.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The use cases.
    pub app: web::Data<App>,
    renderer: web::Data<Renderer>,
    who: PageCaller,
    flash: Option<Flash>,
    address: Address,
}

/// The page that was asked for, and in which form.
#[derive(Clone, Debug)]
struct Address {
    /// Path and query without what is not part of the place: `as` and `done`.
    href: String,
    /// A list was asked for as a table.
    table: Option<TableFormat>,
}

impl Address {
    /// The query parameter that asks for a list as a table.
    const FORMAT: &'static str = "as";

    fn of(request: &HttpRequest) -> Self {
        let given = url::form_urlencoded::parse(request.query_string().as_bytes());
        let given: Vec<(String, String)> = given.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let table = given.iter().find(|(name, _)| name == Self::FORMAT).and_then(|(_, v)| TableFormat::parse(v));
        let place = given.iter().filter(|(name, _)| name != Self::FORMAT && name != flash::NAME);
        let place: Vec<(&str, Option<&str>)> =
            place.map(|(name, value)| (name.as_str(), Some(value.as_str()))).collect();
        Self { href: link::with_query(request.path(), &place), table }
    }

    fn export(&self, format: &str, label: &str) -> Link {
        let joint = if self.href.contains('?') { '&' } else { '?' };
        Link::new(format!("{}{joint}{}={format}", self.href, Self::FORMAT), label)
    }
}

impl FromRequest for Visitor {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let who = PageCaller::from_request(request, payload);
        let app = web::Data::<App>::extract(request);
        let renderer = web::Data::<Renderer>::extract(request);
        let flash = flash::of_query(request.query_string());
        let address = Address::of(request);
        Box::pin(
            async move { Ok(Self { who: who.await?, app: app.await?, renderer: renderer.await?, flash, address }) },
        )
    }
}

impl Visitor {
    /// Who is asking, for the use cases.
    pub const fn caller(&self) -> &Caller {
        &self.who.caller
    }

    /// Lets them into the project and counts what waits for them there.
    ///
    /// # Errors
    /// A 404 when there is no such project or they do not belong to it.
    pub async fn enter(self, slug: &str) -> Result<Frame, Problem> {
        let project = self.app.enter(self.caller(), slug, Permission::ReadEvidence).await?;
        let memberships = match self.caller().account() {
            Some(account) => self.app.memberships(account).await?,
            None => Vec::new(),
        };
        let waiting = self.app.waiting(&project, self.caller().account()).await?;
        let counts = NavCounts {
            open_failures: waiting.open_failures,
            stale_scorecards: waiting.stale_scorecards,
            waiting_gates: waiting.waiting_gates,
            unread_notices: waiting.unread_notices,
            firing_alerts: waiting.firing_alerts,
        };
        Ok(Frame { visitor: self, project, memberships, counts, views: None })
    }

    /// Lets them into the project for a part of a page, which shows neither their projects nor what waits for them.
    ///
    /// # Errors
    /// A 404 when there is no such project or they do not belong to it.
    pub async fn enter_for_part(self, slug: &str) -> Result<Frame, Problem> {
        let project = self.app.enter(self.caller(), slug, Permission::ReadEvidence).await?;
        Ok(Frame { visitor: self, project, memberships: Vec::new(), counts: NavCounts::default(), views: None })
    }
}

/// The frame of a project's pages.
#[derive(Clone, Debug)]
pub struct Frame {
    visitor: Visitor,
    /// The project, and what they may do in it.
    pub project: ProjectAccess,
    memberships: Vec<Membership>,
    counts: NavCounts,
    views: Option<ViewBar>,
}

impl Frame {
    /// The use cases.
    pub fn app(&self) -> &App {
        &self.visitor.app
    }

    /// Who is asking, for the use cases.
    pub const fn caller(&self) -> &Caller {
        self.visitor.caller()
    }

    /// Their own address.
    pub fn email(&self) -> &str {
        &self.visitor.who.email
    }

    /// The project's name in addresses, for the use cases.
    pub fn slug(&self) -> &str {
        &self.project.slug
    }

    /// What waits for them.
    pub const fn counts(&self) -> NavCounts {
        self.counts
    }

    /// Everything that stands for them as an owner: their account and their teams.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own(&self) -> Result<Vec<OwnerId>, Problem> {
        match self.caller().account() {
            Some(account) => Ok(self.app().owner_ids(&self.project, account).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Whether they have a permission.
    pub const fn may(&self, permission: Permission) -> bool {
        self.project.access.permissions.contains(permission)
    }

    /// An address of the project: `path` begins with a slash, or is empty for the overview.
    pub fn href(&self, path: &str) -> String {
        format!("/p/{}{path}", link::part(self.slug()))
    }

    /// The code of the project's amounts.
    pub fn currency(&self) -> &str {
        &self.project.settings.currency
    }

    /// The same, above the list of whose page are the views that are saved of it; the list is shown with these filters.
    ///
    /// # Errors
    /// When they may not read the list, or the database fails.
    pub async fn with_views(mut self, list: ViewedList, given: &[(&str, Option<&str>)]) -> Result<Self, Problem> {
        self.views = saved_view::bar(&self, list, given).await?;
        Ok(self)
    }

    /// The page.
    ///
    /// # Errors
    /// When the template and its model do not fit, which is a fault of the build.
    pub fn page<T: View>(self, title: impl Into<String>, body: T) -> Answer {
        self.page_as(StatusCode::OK, title, body)
    }

    /// The page with a status of its own: 422 for a form that was not accepted.
    ///
    /// # Errors
    /// When the template and its model do not fit, which is a fault of the build.
    pub fn page_as<T: View>(self, status: StatusCode, title: impl Into<String>, body: T) -> Answer {
        let Self { visitor, project, memberships, counts, views } = self;
        let is_list = !T::LIST.is_empty() && status == StatusCode::OK;
        if let Some(format) = visitor.address.table.filter(|_| is_list) {
            return as_table::<T>(&body, &project.slug, format);
        }
        let exports = [("csv", "CSV"), ("json", "JSON")].into_iter().filter(|_| is_list);
        let of_slug = |membership: &&Membership| membership.project.slug == project.slug;
        // Roles are declared from the least to the most.
        let role = memberships.iter().find(of_slug).and_then(|membership| membership.roles.iter().max());
        let page = Page {
            title: title.into(),
            project: Some(ProjectRef { slug: project.slug.clone(), name: project.name.clone() }),
            projects: memberships
                .iter()
                .map(|membership| ProjectRef {
                    slug: membership.project.slug.clone(),
                    name: membership.project.name.clone(),
                })
                .collect(),
            account: Some(Account {
                name: visitor.who.name,
                email: visitor.who.email,
                role: role.map(|role| role.as_str().to_owned()).unwrap_or_default(),
                reads_audit: project.access.permissions.contains(Permission::ReadAudit),
            }),
            counts,
            csrf: visitor.who.form_token,
            flash: visitor.flash,
            exports: exports.map(|(format, label)| visitor.address.export(format, label)).collect(),
            views,
            body,
        };
        html(&visitor.renderer, status, &page)
    }

    /// A part of a page, for the script that asked for it.
    ///
    /// # Errors
    /// When the template and its model do not fit, which is a fault of the build.
    pub fn fragment<T: Serialize>(&self, template: &str, model: &T) -> Answer {
        let text = self.visitor.renderer.fragment(template, model).map_err(|error| Problem::internal(&error))?;
        Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text))
    }

    /// The answer to a form that was accepted: go to the project's `path`, where `code` says what happened.
    pub fn done(&self, path: &str, code: &str) -> HttpResponse {
        see_other(&flash::append(&self.href(path), code))
    }
}

/// A list as a file of its rows.
fn as_table<T: View>(body: &T, slug: &str, format: TableFormat) -> Answer {
    let model = serde_json::to_value(body).map_err(|error| Problem::internal(&error))?;
    let (content_type, ending) = format.kind();
    // A slug is lower-case letters, digits and dashes; it can stand in a header as it is.
    let name = format!("attachment; filename=\"{slug}-{}.{ending}\"", T::SECTION);
    Ok(HttpResponse::Ok().content_type(content_type).insert_header((header::CONTENT_DISPOSITION, name)).body(table(
        &model,
        T::LIST,
        format,
    )))
}

/// A page as a response.
///
/// # Errors
/// When the template and its model do not fit, which is a fault of the build.
pub fn html<T: View>(renderer: &Renderer, status: StatusCode, page: &Page<T>) -> Answer {
    let text = renderer.page(page).map_err(|error| Problem::internal(&error))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(text))
}

/// Go there with a GET.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}
