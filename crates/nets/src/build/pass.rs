//! The state that the layers of a network share in a pass: the random draw, the share of running
//! statistics, and the trace of their outputs.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// The state that the layers of one network share during a pass.
#[derive(Debug, Default)]
pub struct PassState {
    /// From which random layers draw; whoever trains gives every pass another number.
    draw: AtomicU64,
    /// Share of a batch in running statistics, where it is not each layer's own.
    statistics_share: Mutex<Option<f64>>,
    /// The outputs of layers, while somebody asks for them.
    trace: Mutex<Option<Vec<LayerOutput>>>,
}

/// The output of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerOutput {
    /// The layer's name, as in the names of its parameters.
    pub name: String,
    /// What kind of layer it is.
    pub kind: &'static str,
    /// The sizes of its input.
    pub input: Vec<usize>,
    /// The sizes of its output.
    pub shape: Vec<usize>,
}

impl PassState {
    /// Sets what random layers draw from in the next pass.
    pub fn set_draw(&self, draw: u64) {
        self.draw.store(draw, Ordering::Relaxed);
    }

    /// Sets the share of the next pass's batch in running statistics; `None` is each layer's own.
    pub fn set_statistics_share(&self, share: Option<f64>) {
        *self.statistics_share() = share;
    }

    fn statistics_share(&self) -> std::sync::MutexGuard<'_, Option<f64>> {
        self.statistics_share
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `pass` and lists the outputs of all layers, in the order of their computation.
    pub fn traced<T>(&self, pass: impl FnOnce() -> T) -> (T, Vec<LayerOutput>) {
        *self.trace() = Some(Vec::new());
        let result = pass();
        let outputs = self.trace().take().unwrap_or_default();
        (result, outputs)
    }

    fn trace(&self) -> std::sync::MutexGuard<'_, Option<Vec<LayerOutput>>> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A layer's place in its network.
#[derive(Clone, Debug)]
pub struct Site {
    pub(super) name: Arc<str>,
    pub(super) pass: Arc<PassState>,
}

impl Site {
    /// A number to draw from that differs between layers and between passes.
    pub fn draw(&self) -> u64 {
        let name = self.name.bytes().fold(0u64, |number, byte| {
            (number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        name.wrapping_add(self.pass.draw.load(Ordering::Relaxed).rotate_left(32))
    }

    /// Share of the batch in running statistics, if the pass says so.
    pub fn statistics_share(&self) -> Option<f64> {
        *self.pass.statistics_share()
    }

    /// Notes what sizes the layer took and gave, if somebody asked.
    pub fn note(&self, kind: &'static str, input: &[usize], shape: &[usize]) {
        if let Some(outputs) = self.pass.trace().as_mut() {
            outputs.push(LayerOutput {
                name: self.name.to_string(),
                kind,
                input: input.to_vec(),
                shape: shape.to_vec(),
            });
        }
    }
}
