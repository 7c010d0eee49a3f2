//! What a config names, against the target and each by itself.

use ndarray::Array4;

use super::{CrossChecker, data};
use crate::{
    base::error::{Error, Fault as _},
    config::KeyPath,
    names::{Given, Kind, Named, TargetKind},
    steps::postprocess::{PostprocessError, Prediction},
};

impl<'a> CrossChecker<'a> {
    /// Everything that the config names, with its place.
    fn entries(&self) -> Vec<(Kind, &'a Named, KeyPath)> {
        let settings = self.settings;
        let root = |key: &str| KeyPath::root().key(key);
        let mut entries = vec![
            (Kind::Framework, &settings.framework, root("framework")),
            (Kind::Network, &settings.network, root("network")),
        ];
        for (kind, list, path) in [
            (Kind::Loss, &settings.loss, root("loss")),
            (
                Kind::Postprocess,
                &settings.postprocess,
                root("postprocess"),
            ),
            (
                Kind::Preprocess,
                &settings.data.preprocess,
                data("preprocess"),
            ),
            (
                Kind::Preprocess,
                &settings.data.target_preprocess,
                data("target_preprocess"),
            ),
            (Kind::Augmentation, &settings.data.augment, data("augment")),
        ] {
            let items = list.iter().enumerate();
            entries.extend(items.map(|(index, named)| (kind, named, path.index(index))));
        }
        entries.push((Kind::Optimizer, &settings.optimizer, root("optimizer")));
        entries.push((Kind::Schedule, &settings.schedule, root("schedule")));
        entries
    }

    pub(super) fn entries_fit_target(&mut self) {
        for (kind, named, path) in self.entries() {
            self.entry_fits(kind, named, &path);
        }
    }

    fn entry_fits(&mut self, kind: Kind, named: &Named, path: &KeyPath) {
        let target = self.settings.data.target_kind;
        let fits = |targets: &[TargetKind]| targets.is_empty() || targets.contains(&target);
        let Some(entry) = self.registry.description(kind, &named.name) else {
            return;
        };
        if fits(&entry.targets) {
            return;
        }
        let kinds: Vec<&str> = entry.targets.iter().map(|target| target.word()).collect();
        let others: Vec<&str> = self
            .registry
            .descriptions(kind)
            .into_iter()
            .filter(|other| fits(&other.targets))
            .map(|other| other.name.as_str())
            .collect();
        let problem = format!(
            "{kind} `{}` works with {} targets, but `data.target_kind` is {}",
            named.name,
            kinds.join(" and "),
            target.word()
        );
        let allowed = if others.is_empty() {
            format!("another `data.target_kind`: {}", kinds.join(", "))
        } else {
            format!("{}; or another `data.target_kind`", others.join(", "))
        };
        self.fault(path, problem, allowed);
    }

    /// What the entries themselves find wrong with their options; those of losses are checked
    /// with the losses.
    pub(super) fn options_of_entries(&mut self) {
        for (kind, named, path) in self.entries() {
            if kind != Kind::Loss {
                self.options_of_entry(kind, named, &path.key(&named.name));
            }
        }
    }

    /// What an entry, whose options are at `path`, finds wrong with them.
    pub(super) fn options_of_entry(&mut self, kind: Kind, named: &Named, path: &KeyPath) {
        let settings = &self.settings.data;
        let given = Given {
            options: &named.options,
            place: &path.to_string(),
            classes: settings.class_count(),
            patch_size: &settings.patch.size,
        };
        for found in self.registry.check(kind, &named.name, &given) {
            self.fault(&path.key(&found.option), found.problem, found.allowed);
        }
    }

    /// Whether each step of post-processing gets what it works on, values or labels, found by taking
    /// the steps on an empty prediction.
    pub(super) fn order_of_steps(&mut self) {
        let settings = self.settings;
        let classes = settings.data.class_count().unwrap_or(1);
        let mut prediction = Prediction::Values(Array4::zeros((classes, 1, 8, 8)));
        for (index, named) in settings.postprocess.iter().enumerate() {
            let entry = self.registry.postprocess.get(&named.name);
            let Ok(step) = entry
                .map_err(Error::from)
                .and_then(|entry| (entry.build)(named))
            else {
                return;
            };
            match step.apply(prediction) {
                Ok(next) => prediction = next,
                // What is not defined for an empty prediction may be for a real one.
                Err(PostprocessError::Algorithm { .. } | PostprocessError::Operation { .. }) => {
                    return;
                }
                Err(error) => {
                    let path = KeyPath::root().key("postprocess").index(index);
                    self.fault(&path, error.to_string(), error.hint().unwrap_or_default());
                    return;
                }
            }
        }
    }
}
