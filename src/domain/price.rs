//! Prices of models, for traces that carry tokens and no cost. A model without a price has an unknown cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::run::Tokens;

/// What a model costs, in nano-units of the project's currency per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Per input token, cached ones included.
    pub input_nanos: i64,
    /// Per output token.
    pub output_nanos: i64,
}

/// A project's prices by model name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct PriceTable(BTreeMap<String, Price>);

impl PriceTable {
    /// From prices by model name.
    #[must_use]
    pub const fn new(prices: BTreeMap<String, Price>) -> Self {
        Self(prices)
    }

    /// The prices by model name.
    #[must_use]
    pub const fn prices(&self) -> &BTreeMap<String, Price> {
        &self.0
    }

    /// The cost of `tokens` on `model` in nano-units; `None` when the model has no price.
    #[must_use]
    pub fn cost_nanos(&self, model: &str, tokens: Tokens) -> Option<i64> {
        let price = self.0.get(model)?;
        let input = tokens.input.checked_mul(price.input_nanos)?;
        input.checked_add(tokens.output.checked_mul(price.output_nanos)?)
    }
}
