//! What things cost: the project's currency, an hour of a person's work, and the tokens of each model.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::price::{Price, PriceTable};
use seatrial_domain::project::ProjectSettings;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::{refusal, scaled, unscaled};
use super::settings::{Fields, enter, field};
use super::{link, meanwhile};
use crate::app::error::AppError;
use crate::app::precondition::{IfMatch, etag};
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::MeanwhileRow;
use crate::render::view::price::{PriceList, PriceRow};

const PLACE: &str = "/settings/prices";
const TITLE: &str = "Prices";
/// Places of a nano-unit in an amount of the currency.
const AMOUNT: usize = 9;
/// Places of a nano-unit per token in an amount per million tokens.
const PER_MILLION: usize = 3;

/// What the page shows besides what is kept: what was typed and could not be kept.
#[derive(Default)]
struct Typed {
    /// Currency and an hour's work, where that form was sent.
    amounts: Option<[String; 2]>,
    /// Model, input and output, where that form was sent or a model was chosen.
    price: [String; 3],
    error: Option<String>,
    meanwhile: Vec<MeanwhileRow>,
}

/// Which model the form is filled in with.
#[derive(Debug, Default, Deserialize)]
pub struct PriceOf {
    #[serde(default)]
    model: String,
}

/// `GET /p/{project}/settings/prices`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<PriceOf>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let table = prices(&frame).await?;
    let known = table.prices().get(&query.model);
    let price = known.map(|price| fields_of(&query.model, price)).unwrap_or_default();
    let body = page(&frame, &frame.project.settings, &table, Typed { price, ..Typed::default() })?;
    frame.page(TITLE, body)
}

async fn prices(frame: &Frame) -> Result<PriceTable, AppError> {
    frame.app().prices(frame.caller(), frame.slug()).await
}

fn fields_of(model: &str, price: &Price) -> [String; 3] {
    [model.to_owned(), unscaled(price.input_nanos, PER_MILLION), unscaled(price.output_nanos, PER_MILLION)]
}

/// What the form of the currency says of settings, and rests on.
fn amounts_of(settings: &ProjectSettings) -> [String; 2] {
    [settings.currency.clone(), unscaled(settings.labour_nanos_per_hour, AMOUNT)]
}

fn page(frame: &Frame, settings: &ProjectSettings, table: &PriceTable, typed: Typed) -> Result<PriceList, Problem> {
    let row = |(model, price): (&String, &Price)| {
        let [model, input, output] = fields_of(model, price);
        let href = link::with_query(&frame.href(PLACE), &[("model", Some(&model))]);
        PriceRow { href, model, input, output }
    };
    let rests_on = etag(&amounts_of(settings))?;
    let prices_rest_on = etag(table)?;
    let [currency, per_hour] = typed.amounts.unwrap_or_else(|| amounts_of(settings));
    let [model, input, output] = typed.price;
    Ok(PriceList {
        may: frame.may(Permission::ManageProject),
        in_force: settings.currency.clone(),
        labour_nanos_per_minute: (settings.labour_nanos_per_hour > 0).then_some(settings.labour_nanos_per_hour / 60),
        labour: unscaled(settings.labour_nanos_per_hour, AMOUNT),
        rests_on,
        currency,
        per_hour,
        rows: table.prices().iter().map(row).collect(),
        prices_rest_on,
        model,
        input,
        output,
        error: typed.error,
        meanwhile: typed.meanwhile,
    })
}

async fn refused(frame: Frame, typed: Typed) -> Answer {
    // What is in force now, which may be what somebody else has just kept.
    let settings = frame.app().project_settings(frame.caller(), frame.slug()).await?;
    let table = prices(&frame).await?;
    let body = page(&frame, &settings, &table, typed)?;
    frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, TITLE, body)
}

/// `POST /p/{project}/settings/currency`: the currency, and what an hour of work costs.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn currency(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let PageForm(fields) = form;
    let typed = ["currency", "per_hour"].map(|name| field(&fields, name).trim().to_owned());
    let kept = keep_amounts(&frame, &typed, &IfMatch::parse(field(&fields, "rests_on"))).await;
    let Err(error) = kept else { return Ok(frame.done(PLACE, "amounts_kept")) };
    let mut shown = Typed { amounts: Some(typed.clone()), ..Typed::default() };
    if meanwhile::happened(&error) {
        let now = frame.app().project_settings(frame.caller(), frame.slug()).await?;
        let labels = ["Currency", "An hour of a person's work"].map(str::to_owned);
        let of = |values: [String; 2]| labels.clone().into_iter().zip(values).collect();
        shown.meanwhile = meanwhile::rows(of(amounts_of(&now)), of(typed));
        shown.error = Some(meanwhile::SAID.to_owned());
    } else {
        shown.error = Some(refusal(error)?);
    }
    refused(frame, shown).await
}

async fn keep_amounts(frame: &Frame, typed: &[String; 2], rests_on: &IfMatch) -> Result<(), AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let [currency, per_hour] = typed;
    let wrong = || {
        AppError::invalid(
            "An hour of work",
            "is an amount such as 45 or 45.50, with at most nine places; 0 leaves it out",
        )
    };
    let labour_nanos_per_hour =
        if per_hour.is_empty() { Some(0) } else { scaled(per_hour, AMOUNT) }.ok_or_else(wrong)?;
    let now = app.project_settings(caller, slug).await?;
    // The form rests on what it shows; what else the project has set may have changed, and stays.
    rests_on.check(&amounts_of(&now))?;
    let held = IfMatch::parse(&etag(&now)?);
    let settings = ProjectSettings { currency: currency.to_uppercase(), labour_nanos_per_hour, ..now };
    app.put_project_settings(caller, slug, settings, &held).await?;
    Ok(())
}

/// `POST /p/{project}/settings/prices`: sets what a model costs, or drops it with `act=drop`.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn change(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let PageForm(fields) = form;
    let typed = ["model", "input", "output"].map(|name| field(&fields, name).trim().to_owned());
    let drop = field(&fields, "act") == "drop";
    let rests_on = IfMatch::parse(field(&fields, "rests_on"));
    let kept = async {
        let table = changed(&prices(&frame).await?, &typed, drop)?;
        frame.app().put_prices(frame.caller(), frame.slug(), table, &rests_on).await
    };
    let Err(error) = kept.await else { return Ok(frame.done(PLACE, "prices_kept")) };
    let mut shown = Typed::default();
    if meanwhile::happened(&error) {
        let now = prices(&frame).await?;
        let words = |[_, input, output]: &[String; 3]| format!("input {input}, output {output}");
        let saved = now.prices().get(&typed[0]).map(|price| words(&fields_of(&typed[0], price)));
        let told = if drop { "no price".to_owned() } else { words(&typed) };
        shown.meanwhile = vec![MeanwhileRow::new(&typed[0], saved.unwrap_or_else(|| "no price".to_owned()), told)];
        shown.error = Some(meanwhile::SAID.to_owned());
    } else {
        shown.error = Some(refusal(error)?);
    }
    if !drop {
        shown.price = typed;
    }
    refused(frame, shown).await
}

/// The prices with one of them as the form says.
fn changed(table: &PriceTable, [model, input, output]: &[String; 3], drop: bool) -> Result<PriceTable, AppError> {
    let mut prices: BTreeMap<String, Price> = table.prices().clone();
    if drop {
        prices.remove(model).ok_or(AppError::NotFound { noun: "price" })?;
        return Ok(PriceTable::new(prices));
    }
    let nanos = |name: &str, text: &str| {
        let wrong = "is what a million tokens cost, such as 3 or 0.15, with at most three places";
        scaled(text, PER_MILLION).ok_or_else(|| AppError::invalid(name, wrong))
    };
    let price = Price { input_nanos: nanos("Input", input)?, output_nanos: nanos("Output", output)? };
    prices.insert(model.clone(), price);
    Ok(PriceTable::new(prices))
}
