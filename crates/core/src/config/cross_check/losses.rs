//! Losses against the data and each other.

use serde_json::Value;

use super::{CrossChecker, TargetScale};
use crate::{
    config::KeyPath,
    names::{Kind, Named},
    registry::Term,
};

impl CrossChecker<'_> {
    pub(super) fn losses(&mut self) {
        self.weights_of_terms();
        for (index, loss) in self.settings.loss.iter().enumerate() {
            let path = KeyPath::root().key("loss").index(index).key(&loss.name);
            self.options_of_entry(Kind::Loss, loss, &path);
            self.term(&path, loss);
        }
    }

    fn weights_of_terms(&mut self) {
        let losses = &self.settings.loss;
        let is_zero =
            |loss: &Named| loss.options.get("weight").and_then(Value::as_f64) == Some(0.0);
        if !losses.is_empty() && losses.iter().all(is_zero) {
            let problem = "every term of `loss` has weight 0, so nothing would be learnt";
            let allowed = "a weight above 0";
            self.fault(&KeyPath::root().key("loss"), problem.to_owned(), allowed);
        }
    }

    /// Patches must be large enough for a loss, and all losses want the same output.
    fn term(&mut self, path: &KeyPath, named: &Named) {
        let settings = self.settings;
        let Ok(Term { loss, .. }) = self.registry.loss(named) else {
            return;
        };
        let least = loss.least_size();
        let patch = &settings.data.patch.size;
        if patch.iter().any(|&pixels| pixels > 1 && pixels < least) {
            let problem = format!(
                "`{path}` needs patches of at least {least} pixels along each axis, but \
                 `data.patch.size` is {patch:?}"
            );
            let allowed = "larger patches, or a smaller window or fewer levels of the loss";
            self.fault(path, problem, allowed);
        }
        let channels = loss.output_channels(1);
        let first = settings.loss.first();
        let first = first.and_then(|first| self.registry.loss(first).ok());
        let expected = first.map_or(channels, |term| term.loss.output_channels(1));
        if channels != expected {
            let problem = format!(
                "`{path}` needs {channels} output channels for each of the target, the first \
                 term of `loss` {expected}"
            );
            self.fault(path, problem, "terms that work on the same output");
        }
        if channels != 1 && settings.data.target_scale == TargetScale::Source {
            let problem = format!(
                "`{path}` gives more than intensities, which `data.target_scale: source` cannot \
                 bring to those of the image"
            );
            self.fault(path, problem, "`data.target_scale: target`");
        }
    }
}
