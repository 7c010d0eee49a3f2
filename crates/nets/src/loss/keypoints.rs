//! Losses of GU-Net, which keeps few points of an image from which it can be drawn again: the points lie
//! on its skeleton ([`skeleton_loss`]), are few ([`Budget`]), and show its shape ([`Shape`]).
//!
//! The paper counts points above a threshold, a step without a gradient. [`Threshold`] gives the step one.

mod budget;
mod shape;
mod skeleton;
mod threshold;

pub use budget::Budget;
pub use shape::{KernelScale, Shape, SpreadKernel};
pub use skeleton::skeleton_loss;
pub use threshold::{Surrogate, Threshold};
