//! What things cost: currency, an hour's work, models.

use serde::Serialize;

use super::{HOSTILE, MeanwhileRow, View};

/// Body of `/p/{project}/settings/prices`. Forms, with `csrf` and `rests_on`: `POST …/settings/currency` with `currency` and
/// `per_hour`; `POST …/settings/prices` with `model`, `input` and `output` per million tokens, or `act=drop`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceList {
    /// Whether the person may change them.
    pub may: bool,
    /// The currency in force.
    pub in_force: String,
    /// What a minute of a person's work costs; absent where labour is left out.
    pub labour_nanos_per_minute: Option<i64>,
    /// What an hour costs, as a plain number.
    pub labour: String,
    /// What the form of the currency rests on.
    pub rests_on: String,
    /// The currency in the form.
    pub currency: String,
    /// What an hour of work costs, in the form.
    pub per_hour: String,
    /// The models, by name.
    pub rows: Vec<PriceRow>,
    /// What the form of prices rests on.
    pub prices_rest_on: String,
    /// The model in the form.
    pub model: String,
    /// Its input in the form.
    pub input: String,
    /// Its output in the form.
    pub output: String,
    /// Why the last form was not accepted.
    pub error: Option<String>,
    /// What somebody else saved while the form was open.
    pub meanwhile: Vec<MeanwhileRow>,
}

/// What a model costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceRow {
    /// The page with the form filled in.
    pub href: String,
    /// Its name, as traces carry it.
    pub model: String,
    /// A million input tokens, in the currency.
    pub input: String,
    /// A million output tokens.
    pub output: String,
}

impl View for PriceList {
    const TEMPLATE: &'static str = "pages/settings/prices";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "prices";
    const LIST: &'static str = "rows";
}

impl PriceList {
    /// As an administrator sees it.
    pub fn sample() -> Self {
        Self::named("large-2")
    }

    /// With hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it who comes first.
    pub fn bare_sample() -> Self {
        Self {
            may: false,
            rows: vec![],
            labour_nanos_per_minute: None,
            error: None,
            meanwhile: vec![],
            ..Self::sample()
        }
    }

    fn named(text: &str) -> Self {
        Self {
            may: true,
            in_force: "USD".to_owned(),
            labour_nanos_per_minute: Some(750_000_000),
            labour: "45".to_owned(),
            rests_on: "\"0123\"".to_owned(),
            currency: text.to_owned(),
            per_hour: text.to_owned(),
            rows: vec![PriceRow {
                href: "/p/demo/settings/prices?model=large-2".to_owned(),
                model: text.to_owned(),
                input: "3".to_owned(),
                output: "15".to_owned(),
            }],
            prices_rest_on: "\"4567\"".to_owned(),
            model: text.to_owned(),
            input: text.to_owned(),
            output: text.to_owned(),
            error: Some(text.to_owned()),
            meanwhile: vec![MeanwhileRow::new(text, text, text)],
        }
    }
}
