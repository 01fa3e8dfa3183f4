//! "Holds this text", as SQL says it.

use sea_orm::sea_query::LikeExpr;

/// The pattern for columns that hold `text` somewhere; what is special in a pattern stands for itself.
pub(crate) fn holding(text: &str) -> LikeExpr {
    let escaped: String =
        text.chars().flat_map(|c| ['\\'].into_iter().filter(move |_| "\\%_".contains(c)).chain([c])).collect();
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}
