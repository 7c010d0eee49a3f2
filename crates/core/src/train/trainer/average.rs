//! The average of the weights in the course of a training.

use std::sync::atomic::Ordering;

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use coverslip_nets::AnyNetwork;
use rand::RngExt;

use super::{Progress, Trainer, parts};
use crate::{
    base::{error::Error, random},
    data::Loader,
    learning::averaging::{Averaging, Swa, WeightAverage},
    weights::state_dict::StateDict,
};

/// What precedes the names of averages in a checkpoint.
const AVERAGE: &str = "average.";

/// The average that a checkpoint's state holds, if any, on `device`.
pub(crate) fn restore(state: &StateDict, device: &Device) -> WeightAverage {
    let entries = state.iter().filter_map(|(name, data)| {
        let name = name.strip_prefix(AVERAGE)?;
        Some((name.to_owned(), data.clone()))
    });
    WeightAverage::restore(&entries.collect(), device)
}

impl Trainer<'_> {
    /// Everything a checkpoint holds: the framework's state and the average.
    pub(super) fn state(&mut self) -> StateDict {
        let average = self.average.state().into_iter();
        let average = average.map(|(name, data)| (format!("{AVERAGE}{name}"), data));
        let framework = parts::state(self.framework.parts());
        framework.into_iter().chain(average).collect()
    }

    pub(super) fn swa(&self) -> Option<&Swa> {
        match &self.settings.averaging {
            Some(Averaging::Swa(swa)) => Some(swa),
            _ => None,
        }
    }

    /// Whether the average, not the last weights, is validated and kept after `epoch`, from 0.
    pub(super) fn is_judged_by_average(&self, epoch: usize) -> bool {
        match &self.settings.averaging {
            Some(Averaging::Ema(_)) => true,
            Some(Averaging::Swa(_)) => epoch + 1 == self.settings.epochs,
            None => false,
        }
    }

    /// Puts the averages where the weights are and the other way round.
    pub(super) fn exchange(&mut self) {
        for (name, network) in parts::predicting(self.framework.as_mut()) {
            *network = self.average.exchange(name, network.clone());
        }
    }

    /// Follows the weights after a step.
    pub(super) fn average_step(&mut self, progress: &mut Progress) {
        if let Some(Averaging::Ema(ema)) = &self.settings.averaging {
            let share = ema.share(progress.averaged);
            self.follow(share);
            progress.averaged += 1;
        }
    }

    /// Follows the weights after an epoch, and after the last one brings the running statistics of
    /// the average up to date. Gives false, and changes nothing, when the user asked to stop.
    pub(super) fn average_epoch(
        &mut self,
        progress: &mut Progress,
        loader: &mut Loader,
        steps: usize,
    ) -> Result<bool, Error> {
        let Some(swa) = self.swa() else {
            return Ok(true);
        };
        let first = swa.first_epoch(self.settings.epochs);
        if progress.epoch < first {
            return Ok(true);
        }
        let before = self.average.clone();
        let averaged = if progress.epoch == first {
            0
        } else {
            progress.averaged
        };
        self.follow(swa.share(averaged));
        if self.is_judged_by_average(progress.epoch) {
            self.exchange();
            let is_done = self.gather_statistics(progress, loader, steps)?;
            self.exchange();
            if !is_done {
                self.average = before;
                return Ok(false);
            }
        }
        progress.averaged = averaged + 1;
        Ok(true)
    }

    fn follow(&mut self, share: f64) {
        for (name, network) in parts::predicting(self.framework.as_mut()) {
            self.average.update(name, network, share);
        }
    }

    /// Makes the running statistics of the present weights the means over the batches of one more
    /// epoch.
    fn gather_statistics(
        &mut self,
        progress: &Progress,
        loader: &mut Loader,
        steps: usize,
    ) -> Result<bool, Error> {
        let networks = parts::predicting(self.framework.as_mut());
        if !networks.iter().any(|(_, network)| follows_batches(network)) {
            return Ok(true);
        }
        self.monitor
            .note("the statistics of the averaged weights are gathered");
        for step in 0..steps {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let number = ((progress.epoch + 1) * steps + step) as u64;
            let draw = random::stream(self.seed, "pass", number).random();
            let share = 1.0 / (step + 1) as f64;
            let batch = loader.next_batch()?;
            self.framework.gather_statistics(&batch, draw, share);
        }
        Ok(true)
    }
}

/// Whether a network may have running statistics.
fn follows_batches(network: &AnyNetwork) -> bool {
    struct Search<'a> {
        network: &'a AnyNetwork,
        found: bool,
    }
    impl ModuleVisitor for Search<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = self.network.file_tensor(param.id);
            self.found |= tensor.is_none_or(|tensor| !tensor.is_learned);
        }
    }
    let mut search = Search {
        network,
        found: false,
    };
    network.visit(&mut search);
    search.found
}
