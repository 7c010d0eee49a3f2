//! A framework: images take the look of others, of other places (a generator against a discriminator).
//!
//! It has two networks, two optimisers and a pool of images, and draws sources and targets by
//! themselves; the trainer knows all of them by [`Framework::parts`].

use burn::{module::Module, tensor::Device};
use coverslip::{
    base::{error::Error, random},
    data::{Batch, DataSettings, TargetForm},
    framework::{
        Drawn, Framework, FrameworkKind, ImagePool, NETWORK, Needs, NetworkParts, Pairing, Part,
        Pass, Plan, Predictor, Scores, Step, TrainingParts, image_to_tensor, to_image, to_tensor,
    },
    learning::optimizer::Optimizer,
    names::Named,
    weights::state_dict::{self, StateDict},
};
use coverslip_nets::{
    AnyNetwork, Inputs, Network, NetworkIo, SizeRule, loss::adversarial::AdversarialObjective,
};
use ndarray::Array4;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives images the look of others that show other places.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RestyleOptions {
    /// What a pixel that changes costs, beside what the discriminator says.
    #[schemars(range(min = 0.0))]
    pub identity: f64,
    /// Images that the discriminator sees again.
    #[schemars(range(max = 1000))]
    pub pool: usize,
}

impl Default for RestyleOptions {
    fn default() -> Self {
        Self {
            identity: 5.0,
            pool: 8,
        }
    }
}

/// The entry of the registry.
pub struct Restyle;

const DISCRIMINATOR: &str = "discriminator";

impl FrameworkKind for Restyle {
    fn needs(&self) -> Needs {
        Needs {
            targets: true,
            loss: false,
        }
    }

    fn plan(&self, options: &Named, _: &Named, _: &DataSettings) -> Result<Plan, Error> {
        let RestyleOptions { .. } = options.read()?;
        Ok(Plan {
            pairing: Pairing::Unpaired,
            ..Plan::paired(TargetForm::Values)
        })
    }

    fn train(
        &self,
        options: &Named,
        parts: &dyn TrainingParts,
    ) -> Result<Box<dyn Framework>, Error> {
        let patch_gan: Named = serde_json::from_value(serde_json::json!({
            "patch_gan": {"base": 8, "layers": 2}
        }))
        .map_err(|error| Error::bug(error.to_string()))?;
        let io = NetworkIo {
            in_channels: parts.io().out_channels,
            out_channels: 1,
            ..parts.io()
        };
        let options: RestyleOptions = options.read()?;
        Ok(Box::new(Game {
            generator: parts.network(NETWORK, None, parts.io())?,
            discriminator: parts.network(DISCRIMINATOR, Some(&patch_gan), io)?,
            generator_optimizer: parts.optimizer(None)?,
            discriminator_optimizer: parts.optimizer(None)?,
            pool: ImagePool::new(options.pool),
            device: parts.device().clone(),
            options,
        }))
    }

    fn predictor(
        &self,
        _: &Named,
        parts: &dyn NetworkParts,
        weights: &StateDict,
    ) -> Result<Box<dyn Predictor>, Error> {
        let generator = parts.network(NETWORK, None, parts.io())?;
        Ok(Box::new(Restyler {
            generator: state_dict::apply(generator, weights)?,
            device: parts.device().clone(),
        }))
    }
}

struct Game {
    generator: AnyNetwork,
    discriminator: AnyNetwork,
    generator_optimizer: Optimizer,
    discriminator_optimizer: Optimizer,
    pool: ImagePool,
    device: Device,
    options: RestyleOptions,
}

const OBJECTIVE: AdversarialObjective = AdversarialObjective::Lsgan;

impl Framework for Game {
    fn train_step(&mut self, batch: &Batch, step: Step) -> Scores {
        let source = to_tensor(&batch.source, &self.device);
        let real = to_tensor(batch.target(), &self.device);
        let inputs = Inputs::new(source.clone()).with_draw(step.draw);
        let fake = self.generator.forward(inputs).main;

        let judged = self.discriminator.forward(Inputs::new(fake.clone())).main;
        let changed = (fake.clone() - source).abs().mean();
        let adversarial = OBJECTIVE.generator(judged);
        let loss = adversarial.clone() + changed.mul_scalar(self.options.identity);
        // The gradients of the discriminator are not used here.
        let gradients = loss.backward();
        self.generator =
            self.generator_optimizer
                .step(self.generator.clone(), gradients, step.pace);

        let mut draws = Drawn(random::stream(step.draw, "image pool", 0));
        let shown = self.pool.exchange(fake, &mut draws);
        let judge = |images| self.discriminator.forward(Inputs::new(images)).main;
        let caught = OBJECTIVE.discriminator(judge(real), judge(shown));
        let gradients = caught.backward();
        self.discriminator =
            self.discriminator_optimizer
                .step(self.discriminator.clone(), gradients, step.pace);

        let scores = [
            ("loss", loss),
            ("adversarial", adversarial),
            ("discriminator", caught),
        ];
        let scores = scores.map(|(name, value)| (name.to_owned(), value.into_scalar::<f32>()));
        let scores = scores.into_iter();
        scores
            .map(|(name, value)| (name, f64::from(value)))
            .collect()
    }

    /// How far the made images are from the look of the targets, by their mean and spread.
    fn validate(&self, batch: &Batch) -> Scores {
        let device = self.device.clone().without_autodiff();
        let fake = (self.generator.valid())
            .forward(Inputs::new(to_tensor(&batch.source, &device)))
            .main;
        let real = to_tensor(batch.target(), &device);
        let spread = |images: &burn::tensor::Tensor<5>| {
            let mean = images.clone().mean().into_scalar::<f32>();
            let square = images.clone().square().mean().into_scalar::<f32>();
            [mean, (square - mean * mean).max(0.0).sqrt()].map(f64::from)
        };
        let ([mean, deviation], [real_mean, real_deviation]) = (spread(&fake), spread(&real));
        let loss = (mean - real_mean).abs() + (deviation - real_deviation).abs();
        Scores::from([("loss".to_owned(), loss)])
    }

    fn parts(&mut self) -> Vec<Part<'_>> {
        vec![
            Part::Predicts(NETWORK, &mut self.generator),
            Part::Trains(DISCRIMINATOR, &mut self.discriminator),
            Part::Memory("generator_optimizer", &mut self.generator_optimizer),
            Part::Memory("discriminator_optimizer", &mut self.discriminator_optimizer),
            Part::Memory("pool", &mut self.pool),
        ]
    }

    fn gather_statistics(&mut self, batch: &Batch, draw: u64, share: f64) {
        let inputs = Inputs::new(to_tensor(&batch.source, &self.device)).with_draw(draw);
        self.generator.forward(inputs.with_statistics_share(share));
    }

    fn predictor(&self) -> Box<dyn Predictor> {
        Box::new(Restyler {
            generator: self.generator.valid(),
            device: self.device.clone().without_autodiff(),
        })
    }
}

struct Restyler {
    generator: AnyNetwork,
    device: Device,
}

impl Predictor for Restyler {
    fn predict(&self, tile: &Array4<f32>, _: Pass) -> Array4<f32> {
        let inputs = Inputs::new(image_to_tensor(tile, &self.device));
        to_image(self.generator.forward(inputs).main)
    }

    fn sizes(&self) -> SizeRule {
        self.generator.sizes()
    }
}
