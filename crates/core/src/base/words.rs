//! Lists of names in messages.

/// What there is in the place of what was looked for, for the end of a message.
pub(crate) fn instead(found: &[String], most: usize) -> String {
    if found.is_empty() {
        String::new()
    } else {
        format!("; it holds {}", list(found, most))
    }
}

/// Names for a message: the first `most`, and how many there are besides.
pub(crate) fn list(names: &[String], most: usize) -> String {
    let shown = names[..names.len().min(most)].join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
