//! Checks of settings against each other.

mod entries;
mod framework;
mod losses;

use coverslip_nets::NetworkIo;

use super::{Document, Fault, KeyPath, Output, Settings};
use crate::{
    data::{ImagePairs, Sampling, TargetScale, Validation},
    learning::averaging::Averaging,
    names::TargetKind,
    registry::Registry,
    weights::patterns,
};

/// Every contradiction between settings that are each fine alone.
pub(super) fn cross_check(
    settings: &Settings,
    document: &Document,
    registry: &Registry,
) -> Vec<Fault> {
    let mut checker = CrossChecker {
        settings,
        document,
        registry,
        faults: Vec::new(),
    };
    checker.framework();
    checker.entries_fit_target();
    checker.target_preprocess();
    checker.target_scale();
    checker.classes();
    checker.losses();
    checker.ignored_label();
    checker.subsets();
    checker.sizes();
    checker.sampling();
    checker.output();
    checker.order_of_steps();
    checker.frozen();
    checker.options_of_entries();
    checker.averaging();
    checker.faults
}

struct CrossChecker<'a> {
    settings: &'a Settings,
    document: &'a Document,
    registry: &'a Registry,
    faults: Vec<Fault>,
}

impl CrossChecker<'_> {
    fn fault(&mut self, path: &KeyPath, problem: String, allowed: impl Into<String>) {
        let fault = Fault::new(self.document.origin(path), path, problem);
        self.faults.push(fault.allowed(allowed));
    }

    fn target_preprocess(&mut self) {
        let settings = self.settings;
        let steps = &settings.data.target_preprocess;
        if settings.data.target_kind != TargetKind::Image && !steps.is_empty() {
            let problem = format!(
                "`data.target_preprocess` changes intensities, but `data.target_kind` is {}",
                settings.data.target_kind.word()
            );
            self.fault(&data("target_preprocess"), problem, "an empty list");
        }
    }

    fn target_scale(&mut self) {
        let settings = &self.settings.data;
        if settings.target_scale == TargetScale::Target {
            return;
        }
        let problem = if settings.target_kind != TargetKind::Image {
            format!(
                "`data.target_scale` is source, but `data.target_kind` is {}",
                settings.target_kind.word()
            )
        } else if !settings.target_preprocess.is_empty() {
            "`data.target_scale` is source, which leaves nothing for `data.target_preprocess` to do"
                .to_owned()
        } else {
            return;
        };
        let allowed = if settings.target_kind == TargetKind::Image {
            "target, or an empty `data.target_preprocess`"
        } else {
            "target"
        };
        self.fault(&data("target_scale"), problem, allowed);
    }

    fn classes(&mut self) {
        let settings = &self.settings.data;
        let names = settings.class_names.len();
        match settings.class_count() {
            None => {
                if settings.classes.is_some() {
                    let problem = "`data.classes` is given, but `data.target_kind` is image";
                    self.fault(&data("classes"), problem.to_owned(), "no `data.classes`");
                }
                if names > 0 {
                    let problem = "`data.class_names` is given, but `data.target_kind` is image";
                    self.fault(
                        &data("class_names"),
                        problem.to_owned(),
                        "no `data.class_names`",
                    );
                }
            }
            Some(count) => {
                if let Some(classes) = settings.classes.filter(|&classes| classes != count) {
                    let problem = format!(
                        "`data.classes` is {classes}, but instance targets with `data.border_width` \
                         {} make {count} classes",
                        settings.border_width
                    );
                    self.fault(&data("classes"), problem, count.to_string());
                }
                if names > 0 && names != count {
                    let problem = format!(
                        "`data.class_names` has {names} names, but there are {count} classes"
                    );
                    self.fault(
                        &data("class_names"),
                        problem,
                        "one name for each class, background first",
                    );
                }
            }
        }
    }

    fn ignored_label(&mut self) {
        let settings = &self.settings.data;
        if settings.ignore_label.is_some() && settings.target_kind == TargetKind::Image {
            let problem = "`data.ignore_label` names a label, but `data.target_kind` is image";
            let allowed = "no label; `weight` beside `target` names a folder of weights";
            self.fault(&data("ignore_label"), problem.to_owned(), allowed);
        }
    }

    fn subsets(&mut self) {
        let settings = &self.settings.data;
        self.subset_has_split(&settings.train, &data("train"));
        if let Some(test) = &settings.test {
            self.subset_has_split(test, &data("test"));
        }
        match &settings.validation {
            Validation::Fraction(_) => {}
            Validation::Pairs(pairs) => self.subset_has_split(pairs, &data("validation")),
            Validation::Subset(_) if settings.train.split.is_some() => {}
            Validation::Subset(_) => {
                let problem = "`data.validation.subset` needs the split file `data.train.split`";
                let allowed = "a fraction, or a split file for the training images";
                self.fault(
                    &data("validation").key("subset"),
                    problem.to_owned(),
                    allowed,
                );
            }
        }
    }

    fn subset_has_split(&mut self, pairs: &ImagePairs, path: &KeyPath) {
        match (&pairs.split, &pairs.subset) {
            (None, Some(_)) => {
                let problem = format!("`{path}.subset` needs the split file `{path}.split`");
                self.fault(&path.key("subset"), problem, "a split file, or no subset");
            }
            (Some(_), None) => {
                let problem =
                    format!("`{path}.split` needs `{path}.subset` to say which part to use");
                self.fault(&path.key("split"), problem, "a subset, as in `train`");
            }
            _ => {}
        }
    }

    fn sizes(&mut self) {
        let axes = self.settings.data.spatial_axes();
        if let Some(tile) = &self.settings.predict.tile
            && tile.len() != axes
        {
            let problem = format!(
                "`predict.tile` has {} values, but `data.patch.size` has {axes}",
                tile.len()
            );
            let allowed = if axes == 2 { "[y, x]" } else { "[z, y, x]" };
            self.fault(
                &KeyPath::root().key("predict").key("tile"),
                problem,
                allowed,
            );
        }
    }

    fn sampling(&mut self) {
        let settings = &self.settings.data;
        let is_image = settings.target_kind == TargetKind::Image;
        let has_weights = settings.train.weight.is_some() || settings.ignore_label.is_some();
        let (problem, allowed) = match settings.patch.sampling {
            Sampling::Balanced if is_image => (
                "`data.patch.sampling` is balanced, but targets of `data.target_kind` image have no \
                 objects",
                "uniform, weighted",
            ),
            Sampling::Weighted if !has_weights => (
                "`data.patch.sampling` is weighted, but pixels have no weights",
                "uniform; or a folder of weights, `data.train.weight`",
            ),
            _ => return,
        };
        let path = data("patch").key("sampling");
        self.fault(&path, problem.to_owned(), allowed);
    }

    /// Patterns that name no weight, as far as the network can be built without knowing its images.
    fn frozen(&mut self) {
        let settings = self.settings;
        if settings.freeze.is_empty() {
            return;
        }
        let io = NetworkIo {
            in_channels: settings.data.channels.as_ref().map_or(1, Vec::len),
            out_channels: settings.data.class_count().unwrap_or(1),
            dimensions: settings.data.spatial_axes(),
        };
        let Ok(network) = self.registry.network(&settings.network, io, 0) else {
            return;
        };
        if let Some(unmatched) = patterns::unmatched(&settings.freeze, &network) {
            let path = KeyPath::root().key("freeze").index(unmatched.index);
            self.fault(&path, unmatched.to_string(), unmatched.remedy());
        }
    }

    fn output(&mut self) {
        let settings = self.settings;
        let is_image = settings.data.target_kind == TargetKind::Image;
        let output = settings.predict.output;
        if is_image && output != Some(Output::Labels) && !settings.postprocess.is_empty() {
            let problem = "`postprocess` makes labels, but predictions of `data.target_kind` image \
                           are values";
            let allowed = "an empty list, or `predict.output: labels`";
            let path = KeyPath::root().key("postprocess");
            self.fault(&path, problem.to_owned(), allowed);
        }
        let (word, allowed) = match (output, is_image) {
            (Some(Output::Labels), true) if settings.postprocess.is_empty() => {
                ("labels", "values, or a `postprocess` that makes labels")
            }
            (Some(Output::Probabilities), true) => ("probabilities", "values, labels"),
            (Some(Output::Values), false) => ("values", "labels, probabilities"),
            _ => return,
        };
        let problem = format!(
            "`predict.output` is {word}, but `data.target_kind` is {}",
            settings.data.target_kind.word()
        );
        self.fault(
            &KeyPath::root().key("predict").key("output"),
            problem,
            allowed,
        );
    }

    fn averaging(&mut self) {
        let training = &self.settings.training;
        let is_swa = matches!(training.averaging, Some(Averaging::Swa(_)));
        if !is_swa || training.early_stopping.is_none() {
            return;
        }
        let problem = "`training.early_stopping` could end training before \
                       `training.averaging.swa` has its average";
        let path = KeyPath::root().key("training").key("early_stopping");
        self.fault(
            &path,
            problem.to_owned(),
            "no early stopping, or `averaging: {ema: {}}`",
        );
    }
}

fn data(key: &str) -> KeyPath {
    KeyPath::root().key("data").key(key)
}
