//! Losses of generators and discriminators.

use burn::tensor::{Tensor, activation::leaky_relu};
use coverslip_nets::{
    Loss,
    loss::{
        L1, Mse, Target,
        adversarial::{
            AdversarialObjective, CycleLosses, CycleWeights, FeatureMatching, LastSample,
            gradient_penalty,
        },
    },
};
use coverslip_ops::{ConvGeometry, FeatureMap, conv};

use super::super::loss_case::{Found, LossCase};

pub fn compute(case: &LossCase) -> Result<Option<Vec<Found>>, String> {
    let name = case.name.as_str();
    let found = if let Some(objective) = objective(name) {
        players(case, objective)?
    } else if name.starts_with("pix2pixhd_mmv_as_run") {
        last_sample(case)?
    } else if name.starts_with("pix2pixhd_mmv_features") {
        features_of_mmv(case)?
    } else if name.starts_with("pix2pix_basic_mmv") {
        pix2pix(
            case,
            &Names::MMV,
            case.option("reconstruction_weight", 100.0),
            0.5,
            &Mse::default(),
        )?
    } else if name.starts_with("seed004_gan") {
        pix2pix(
            case,
            &Names::SEED_004,
            case.option("lambda", 100.0),
            1.0,
            &L1::default(),
        )?
    } else if name.starts_with("feature_matching") {
        let matching = FeatureMatching {
            weight: case.option("lambda_feat", 10.0),
            include_scores: false,
        };
        let loss = matching.value(&scales(case, "fake")?, &scales(case, "real")?);
        Found::main(loss.ok_or("no feature maps")?)
    } else if name.starts_with("cyclegan_generator") {
        cycle(case)?
    } else if name.starts_with("gradient_penalty") {
        penalty(case)?
    } else {
        return Ok(None);
    };
    Ok(Some(found))
}

fn objective(name: &str) -> Option<AdversarialObjective> {
    Some(match name.strip_prefix("gan_")? {
        rest if rest.starts_with("vanilla") => AdversarialObjective::Vanilla,
        rest if rest.starts_with("lsgan") => AdversarialObjective::Lsgan,
        rest if rest.starts_with("hinge") => AdversarialObjective::Hinge,
        rest if rest.starts_with("wgan") => AdversarialObjective::Wgan,
        _ => return None,
    })
}

fn of_discriminator(loss: Tensor<1>) -> Found {
    Found {
        value: "d_value",
        gradients: "d_grad/",
        loss,
    }
}

fn players(case: &LossCase, objective: AdversarialObjective) -> Result<Vec<Found>, String> {
    let (real, fake) = (case.leaf("real")?, case.leaf("fake")?);
    let discriminator = objective.discriminator(real, fake.clone()).mul_scalar(0.5);
    let mut found = Found::main(discriminator);
    found.push(Found {
        value: "g_value",
        gradients: "g_grad/",
        loss: objective.generator(fake),
    });
    Ok(found)
}

/// What a case calls the parts of pix2pix.
struct Names {
    fake_scores: &'static str,
    real_scores: &'static str,
    fake: &'static str,
    real: &'static str,
}

impl Names {
    const MMV: Self = Self {
        fake_scores: "d_fake",
        real_scores: "d_real",
        fake: "fake_B",
        real: "image_B",
    };
    const SEED_004: Self = Self {
        fake_scores: "disc_generated",
        real_scores: "disc_real",
        fake: "gen_output",
        real: "target",
    };
}

fn pix2pix(
    case: &LossCase,
    names: &Names,
    weight: f64,
    discriminator_weight: f64,
    reconstruction: &dyn Loss,
) -> Result<Vec<Found>, String> {
    let objective = match case.config["gan_loss"].as_str() {
        Some("MSELoss") => AdversarialObjective::Lsgan,
        _ => AdversarialObjective::Vanilla,
    };
    let (fake_scores, real_scores) = (case.leaf(names.fake_scores)?, case.leaf(names.real_scores)?);
    let target = Target::new(case.constant(names.real)?);
    let distance = reconstruction.value(case.leaf(names.fake)?, &target);
    let generator = objective.generator(fake_scores.clone()) + distance.mul_scalar(weight);
    let discriminator = objective.discriminator(real_scores, fake_scores);
    let mut found = Found::main(generator);
    found.push(of_discriminator(
        discriminator.mul_scalar(discriminator_weight),
    ));
    Ok(found)
}

/// The maps `SIDE/SCALE/LAYER` of a case.
fn scales(case: &LossCase, side: &str) -> Result<Vec<Vec<Tensor<5>>>, String> {
    let mut scales = Vec::new();
    while case.has(&format!("{side}/{}/0", scales.len())) {
        let scale = scales.len();
        let mut layers = Vec::new();
        while case.has(&format!("{side}/{scale}/{}", layers.len())) {
            layers.push(case.leaf(&format!("{side}/{scale}/{}", layers.len()))?);
        }
        scales.push(layers);
    }
    Ok(scales)
}

fn features_of_mmv(case: &LossCase) -> Result<Vec<Found>, String> {
    let objective = AdversarialObjective::Vanilla;
    let (fake, real) = (scales(case, "fake")?, scales(case, "real")?);
    let matching = FeatureMatching {
        weight: 10.0,
        include_scores: true,
    };
    let mean = |terms: Vec<Tensor<1>>| -> Result<Tensor<1>, String> {
        let count = terms.len() as f64;
        let total = terms.into_iter().reduce(|total, term| total + term);
        Ok(total.ok_or("no scales")?.div_scalar(count))
    };
    let last = |layers: &Vec<Tensor<5>>| layers[layers.len() - 1].clone();
    let adversarial = mean(
        fake.iter()
            .map(|layers| objective.generator(last(layers)))
            .collect(),
    )?;
    let target = Target::new(case.constant("image_B")?);
    let distance = Mse::default().value(case.leaf("fake_B")?, &target);
    let matching = matching.value(&fake, &real).ok_or("no feature maps")?;
    let pairs = real.iter().zip(&fake);
    let discriminator = mean(
        pairs
            .map(|(real, fake)| objective.discriminator(last(real), last(fake)))
            .collect(),
    )?;
    let mut found = Found::main(adversarial + matching + distance.mul_scalar(20.0));
    found.push(of_discriminator(discriminator.mul_scalar(0.5)));
    Ok(found)
}

fn last_sample(case: &LossCase) -> Result<Vec<Found>, String> {
    let list = |side: &str| -> Result<Vec<Tensor<5>>, String> {
        let names = (0..).map(|scale| format!("{side}/{scale}"));
        let names = names.take_while(|name| case.has(name));
        names.map(|name| case.leaf(&name)).collect()
    };
    let (fake, real) = (list("fake")?, list("real")?);
    let loss = LastSample {
        objective: AdversarialObjective::Vanilla,
        matching_weight: 10.0,
    };
    let missing = "no scores";
    let mut found = Found::main(loss.generator(&fake, &real).ok_or(missing)?);
    found.push(of_discriminator(
        loss.discriminator(&fake, &real).ok_or(missing)?,
    ));
    Ok(found)
}

fn cycle(case: &LossCase) -> Result<Vec<Found>, String> {
    let directions = || -> Result<[CycleLosses; 2], String> {
        let direction = |domain: &str| -> Result<CycleLosses, String> {
            Ok(CycleLosses {
                real: case.constant(&format!("real_{domain}"))?,
                reconstructed: case.leaf(&format!("rec_{domain}"))?,
                same: case.leaf(&format!("idt_{domain}"))?,
                scores: case.leaf(&format!("pred_fake_{domain}"))?,
            })
        };
        Ok([direction("A")?, direction("B")?])
    };
    let weights = case.config["weights"].as_array();
    let weight = |index: usize, default: f64| {
        let listed = weights.and_then(|weights| weights.get(index)?.as_f64());
        listed.unwrap_or(default)
    };
    let halved = CycleWeights {
        adversarial: weight(0, 1.0),
        cycle: weight(1, 10.0),
        identity: weight(2, 2.0),
        halved: true,
    };
    let objective = AdversarialObjective::Lsgan;
    let mut found = Found::main(halved.generators(objective, directions()?));
    found.push(Found {
        value: "value_junyanz",
        gradients: "grad_junyanz/",
        loss: CycleWeights::default().generators(objective, directions()?),
    });
    Ok(found)
}

/// The critic of the case: a convolution of stride 2, a leaky ReLU, a convolution of all that is left.
fn penalty(case: &LossCase) -> Result<Vec<Found>, String> {
    let (first, second) = (case.leaf("w1")?, case.leaf("w2")?);
    let bias = case.leaf("b1")?;
    let channels = bias.dims()[0];
    let critic = |images: Tensor<5>| {
        let strided = ConvGeometry::UNIT
            .with_padding([0, 1, 1], [0, 1, 1])
            .with_stride([1, 2, 2]);
        let inner = conv(
            FeatureMap::from_tensor(images),
            first.clone(),
            Some(bias.clone().reshape([channels])),
            strided,
        );
        let inner = FeatureMap::from_tensor(leaky_relu(inner.into_tensor(), 0.2));
        conv(inner, second.clone(), None, ConvGeometry::UNIT).into_tensor()
    };
    let loss = gradient_penalty(
        critic,
        case.constant("real")?,
        case.constant("fake")?,
        case.constant("alpha")?,
        case.option("lambda_gp", 10.0),
    );
    Ok(Found::main(loss))
}
