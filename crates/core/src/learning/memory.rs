//! What training remembers beside weights, and how it goes into checkpoints.

use burn::tensor::Device;
use coverslip_nets::weights::StateDict;

/// Something that a training has to find again when it is resumed: an optimiser, a pool of images.
pub trait Memory {
    /// What is remembered, as tensors by name.
    fn state(&self) -> StateDict;

    /// Takes back what [`Self::state`] gave, onto `device`, which is without gradients.
    ///
    /// # Errors
    ///
    /// When the tensors are not those of such a memory.
    fn restore(&mut self, state: &StateDict, device: &Device) -> Result<(), MemoryError>;
}

/// Tensors that are not the memory they were given to; says which and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MemoryError(pub String);
