//! What pages take from a request: the person, or the way to sign in and back; and forms with their token.

use actix_web::dev::ServiceResponse;
use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use seatrial::http::extract::{PageCaller, PageForm, SignInForm, local_path};
use seatrial_domain::access::Role;
use serde::Deserialize;

use crate::support::app::{TestApp, both};

both!(pages_send_to_sign_in_and_back, forms_carry_the_session_s_token, the_sign_in_form_belongs_to_one_browser);

async fn page(caller: PageCaller) -> HttpResponse {
    HttpResponse::Ok().body(format!("{} {}", caller.email, caller.form_token))
}

#[derive(Deserialize)]
struct Note {
    text: String,
    #[serde(default)]
    times: u32,
}

async fn note(_caller: PageCaller, form: PageForm<Note>) -> HttpResponse {
    HttpResponse::Ok().body(format!("{} {}", form.0.text, form.0.times))
}

async fn sign_in(request: actix_web::HttpRequest, app: web::Data<seatrial::app::App>) -> HttpResponse {
    let presented = request.headers().get("presented").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match SignInForm::verify(&app, &request, presented) {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(problem) => problem.response(),
    }
}

/// A service with one page and one form, on the test's own service.
macro_rules! pages {
    ($app:expr) => {
        init_service(
            App::new()
                .app_data(web::Data::from(std::sync::Arc::clone(&$app.app)))
                .route("/demo-co/gates/{gate}", web::get().to(page))
                .route("/demo-co/notes", web::post().to(note))
                .route("/sign-in", web::post().to(sign_in)),
        )
        .await
    };
}

fn location<B>(response: &ServiceResponse<B>) -> &str {
    response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn pages_send_to_sign_in_and_back(app: &TestApp) {
    let service = pages!(app);
    let asked = TestRequest::get().uri("/demo-co/gates/gate_1?tab=checks&x=1").to_request();
    let response = call_service(&service, asked).await;
    assert_eq!(response.status(), 303);
    let there = "/sign-in?next=%2Fdemo-co%2Fgates%2Fgate_1%3Ftab%3Dchecks%26x%3D1";
    assert_eq!(location(&response), there);
    let sent = TestRequest::post().uri("/demo-co/notes").set_payload("text=x").to_request();
    assert_eq!(location(&call_service(&service, sent).await), "/sign-in", "a form is not sent again");

    let begun = app.app.begin_session(app.account(Role::Viewer)).await.expect("a session");
    let cookie = format!("seatrial_session={}", begun.token.expose());
    let asked = TestRequest::get().uri("/demo-co/gates/gate_1").insert_header(("cookie", cookie)).to_request();
    let response = call_service(&service, asked).await;
    assert_eq!(response.status(), 200);
    assert!(read_body(response).await.starts_with(b"viewer@demo-co.example "));

    for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\r\nb", ""] {
        assert_eq!(local_path(elsewhere), None, "{elsewhere:?}");
    }
    assert_eq!(local_path("/demo-co?x=1"), Some("/demo-co?x=1"));
}

async fn forms_carry_the_session_s_token(app: &TestApp) {
    let service = pages!(app);
    let begun = app.app.begin_session(app.account(Role::Viewer)).await.expect("a session");
    let other = app.app.begin_session(app.account(Role::Viewer)).await.expect("a session");
    let token = seatrial::auth::csrf::form_token(begun.token.expose());
    let others = seatrial::auth::csrf::form_token(other.token.expose());
    let send = async |body: String| {
        let cookie = format!("seatrial_session={}", begun.token.expose());
        let request = TestRequest::post().uri("/demo-co/notes").insert_header(("cookie", cookie));
        let request = request.insert_header(("content-type", "application/x-www-form-urlencoded"));
        let response = call_service(&service, request.set_payload(body).to_request()).await;
        (response.status().as_u16(), String::from_utf8_lossy(&read_body(response).await).into_owned())
    };
    let sent = send(format!("text=a%20%26+b&times=3&csrf={token}")).await;
    assert_eq!(sent, (200, "a & b 3".to_owned()));
    for body in ["text=x".to_owned(), "text=x&csrf=".to_owned(), format!("text=x&csrf={others}")] {
        let (status, body) = send(body).await;
        assert!(status == 403 && body.contains("bad_form_token"), "{status} {body}");
    }
    assert_eq!(send(format!("times=three&text=x&csrf={token}")).await.0, 400);
    assert_eq!(send(format!("csrf={token}&text={}", "x".repeat(300 << 10))).await.0, 413);
}

async fn the_sign_in_form_belongs_to_one_browser(app: &TestApp) {
    let service = pages!(app);
    let unknown = || TestRequest::get().to_http_request();
    let (own, other) = (SignInForm::new(&app.app, &unknown()), SignInForm::new(&app.app, &unknown()));
    assert_ne!(own.form_token, other.form_token);
    // Another tab of the browser has the same form; a cookie that nobody here made is not taken over.
    let again = SignInForm::new(&app.app, &TestRequest::get().cookie(own.cookie.clone()).to_http_request());
    assert_eq!((&again.form_token, again.cookie.value()), (&own.form_token, own.cookie.value()));
    let mut planted = own.cookie.clone();
    planted.set_value("sea_sign_in_short");
    let fresh = SignInForm::new(&app.app, &TestRequest::get().cookie(planted).to_http_request());
    assert_ne!(fresh.cookie.value(), "sea_sign_in_short");
    assert!(own.cookie.http_only().is_some_and(|only| only));
    let send = async |cookie: Option<&SignInForm>, presented: &str| {
        let mut request = TestRequest::post().uri("/sign-in").insert_header(("presented", presented));
        if let Some(form) = cookie {
            request = request.cookie(form.cookie.clone());
        }
        call_service(&service, request.to_request()).await.status().as_u16()
    };
    assert_eq!(send(Some(&own), &own.form_token).await, 200);
    assert_eq!(send(Some(&own), &other.form_token).await, 403);
    assert_eq!(send(None, &own.form_token).await, 403);
}
