//! What a config can name, whatever it is: entries with a name and options.

mod check;
mod entries;
mod kind;
mod named;
mod nearest;
mod ordered;

pub use check::{Given, OptionFault};
pub(crate) use entries::option_meant;
pub use entries::{Description, Entries, Entry, RegistryError};
pub use kind::Kind;
pub use named::Named;
pub use nearest::nearest;
pub(crate) use ordered::ordered;
