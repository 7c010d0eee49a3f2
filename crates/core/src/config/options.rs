//! Options of the entries that come with Coverslip.

mod augment;
mod loss;
mod network;
mod normalize;
mod optimizer;
mod postprocess;
mod schedule;

pub use augment::{Flip, Rotate90};
pub use loss::{CrossEntropy, Dice, L1, Mse};
pub use network::{Fcn, Unet};
pub use normalize::{MinMax, Percentile, Standard};
pub use optimizer::{Adam, AdamW};
pub use postprocess::{Argmax, Components, FillHoles, RemoveSmall};
pub use schedule::{Constant, Cosine, Exponential, Step};
