//! Options of the entries that come with Coverslip and have no better place.

mod augment;
mod framework;
mod postprocess;

pub use augment::{Flip, Rotate90};
pub use framework::Fcn;
pub use postprocess::{Argmax, Components, FillHoles, RemoveSmall};
