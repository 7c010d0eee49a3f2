//! Which image of a file with several is meant.

/// The number of the image that a name, or a number as a name, asks for; the first if none is asked
/// for. `None` if there is no such image.
pub(super) fn find_series(names: &[String], wanted: Option<&str>) -> Option<usize> {
    let Some(wanted) = wanted else {
        return Some(0);
    };
    let by_name = names.iter().position(|name| name == wanted);
    let by_number = || wanted.parse().ok().filter(|&number| number < names.len());
    by_name.or_else(by_number)
}
