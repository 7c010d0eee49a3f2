//! What a config can name, whatever it is: entries with a name and options.

mod check;
mod entries;
mod kind;
mod named;
mod nearest;
mod options;
mod ordered;
mod target_kind;

pub use check::{Given, OptionFault};
pub use entries::{Description, Entries, Entry, RegistryError};
pub use kind::Kind;
pub use named::Named;
pub use nearest::nearest;
pub(crate) use options::option_meant;
pub(crate) use ordered::ordered;
pub use target_kind::TargetKind;
