//! Images as key points: the few pixels from which a kernel makes the image again (GU-Net).
//!
//! [`select_keypoints`] finds them in a network's output, [`reconstruct`] makes the image, and
//! [`storage`] stores them.

mod kernel;
mod reconstruct;
pub mod storage;

pub use kernel::{Kernel, Optics};
pub use reconstruct::{Gain, Reconstruction, reconstruct, select_keypoints};

#[cfg(test)]
mod tests;
