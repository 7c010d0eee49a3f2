//! "Did you mean".

/// The name of `known` that a typing error most likely turned into `written`, if any is close.
///
/// Close means a Damerau-Levenshtein distance of at most a third of the longer name (and at least
/// 1), compared without case and with `-` equal to `_`; the first of equally close names wins.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = plain(written);
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        let distance = strsim::damerau_levenshtein(&written, &plain(name));
        let tolerated = (written.chars().count().max(name.chars().count()) / 3).max(1);
        if distance <= tolerated && best.is_none_or(|(smallest, _)| distance < smallest) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn close_names_are_found_and_far_ones_are_not() {
        let known = ["training", "data", "network", "l1", "cross_entropy"];
        assert_eq!(nearest("trainig", known), Some("training"));
        assert_eq!(nearest("Netwrok", known), Some("network"));
        assert_eq!(nearest("cross-entropy", known), Some("cross_entropy"));
        assert_eq!(nearest("l2", known), Some("l1"));
        assert_eq!(nearest("colour", known), None);
    }
}
