//! Scores by name.

/// Scores in their order, each with its name; NaN where one is not defined.
pub(super) type Scores = Vec<(String, f64)>;

/// Scores under fixed names.
pub(super) fn named<const N: usize>(
    scores: [(&str, f64); N],
) -> impl Iterator<Item = (String, f64)> {
    scores
        .map(|(name, score)| (name.to_owned(), score))
        .into_iter()
}

/// The scores under their names with an ending, such as `_pooled`.
pub(super) fn with_ending(scores: Scores, ending: &str) -> impl Iterator<Item = (String, f64)> {
    scores
        .into_iter()
        .map(move |(name, score)| (format!("{name}{ending}"), score))
}
