//! What a framework needs of the rest of the config.

use super::{CrossChecker, data};
use crate::{
    config::KeyPath,
    data::{ImagePairs, Validation},
    framework::{Pairing, Plan},
};

impl CrossChecker<'_> {
    pub(super) fn framework(&mut self) {
        let settings = self.settings;
        let Ok(entry) = self.registry.frameworks.get(&settings.framework.name) else {
            return;
        };
        let plan = (entry.build).plan(&settings.framework, &settings.network, &settings.data);
        match plan {
            Ok(plan) => self.follows(&plan),
            Err(error) => {
                let path = KeyPath::root().key("framework");
                let remedy = error.hint().unwrap_or_default();
                self.fault(&path, error.to_string(), remedy);
            }
        }
    }

    fn follows(&mut self, plan: &Plan) {
        let settings = self.settings;
        self.pairs(plan, &settings.data.train, &data("train"));
        if let Validation::Pairs(pairs) = &settings.data.validation {
            self.pairs(plan, pairs, &data("validation"));
        }
        if let Some(test) = &settings.data.test {
            self.pairs(plan, test, &data("test"));
        }
    }

    fn pairs(&mut self, plan: &Plan, pairs: &ImagePairs, path: &KeyPath) {
        if plan.pairing == Pairing::Unpaired && pairs.split.is_some() {
            let problem = format!(
                "`{path}.split` names images of one folder, but `{}` draws sources and targets by \
                 themselves",
                self.settings.framework.name
            );
            self.fault(
                &path.key("split"),
                problem,
                "folders of their own for each subset",
            );
        }
    }
}
