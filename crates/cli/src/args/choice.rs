//! Choices among values of the library, each by its word and with a line of help.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Reads one of `choices`, which `word` names, as a config does.
pub(super) fn choice<T: Copy + Send + Sync + 'static, const N: usize>(
    word: fn(T) -> &'static str,
    choices: [(T, Option<&'static str>); N],
) -> impl TypedValueParser<Value = T> {
    let values = choices.map(|(value, help)| {
        let possible = PossibleValue::new(word(value));
        match help {
            Some(help) => possible.help(help),
            None => possible,
        }
    });
    PossibleValuesParser::new(values).try_map(move |text| {
        let found = choices.iter().find(|(value, _)| word(*value) == text);
        found.map(|&(value, _)| value).ok_or("none of the choices")
    })
}
