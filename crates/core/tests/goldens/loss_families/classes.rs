//! Losses of classes.

use coverslip_nets::{
    Loss,
    loss::{
        Alpha, Average, BinaryCrossEntropy, ClassScale, CrossEntropy, Dice, Focal, FocalForm,
        GeneralizedDice, LossActivation, LovaszHinge, LovaszSoftmax, Target, Tversky,
    },
};

use super::{
    super::{
        loss_case::{Found, LossCase},
        recipe,
    },
    sum_of,
};

pub fn compute(case: &LossCase) -> Result<Option<Vec<Found>>, String> {
    let name = case.name.as_str();
    let sum =
        |output: &str, terms: &[(f64, &dyn Loss)]| sum_of(case, output, &target(case)?, terms);
    if name.starts_with("ce_mmv_pixelwise") {
        let loss = CrossEntropy {
            class_weights: class_weights(case)?,
            average: Average::Values,
            ..CrossEntropy::default()
        };
        sum("logits", &[(1.0, &loss)])
    } else if is(name, "ce") {
        sum("logits", &[(1.0, &cross_entropy(case)?)])
    } else if name.starts_with("bce_logits") {
        sum("logits", &[(1.0, &binary_cross_entropy(case)?)])
    } else if name.starts_with("bce_prob") {
        let loss = BinaryCrossEntropy {
            probabilities: true,
            ..BinaryCrossEntropy::default()
        };
        sum("prob", &[(1.0, &loss)])
    } else if name.starts_with("dice_dlsia") {
        let loss = Dice {
            activation: LossActivation::None,
            batch: true,
            pool_classes: true,
            smooth: 1.0,
            ..Dice::default()
        };
        sum("prob", &[(1.0, &loss)])
    } else if name.starts_with("milesial_bce_dice") {
        let entropy = BinaryCrossEntropy::default();
        sum("logits", &[(1.0, &entropy), (1.0, &milesial_dice(true))])
    } else if name.starts_with("milesial_ce_dice") {
        let dice = milesial_dice(!name.ends_with("2022"));
        sum("logits", &[(1.0, &CrossEntropy::default()), (1.0, &dice)])
    } else if name.starts_with("dice_ce_monai") {
        dice_and_cross_entropy(case)
    } else if name.starts_with("dice_focal_monai") {
        let terms = [
            weight(case, "lambda_dice", 1.0),
            weight(case, "lambda_focal", 0.7),
        ];
        let dice = Dice::default();
        sum("logits", &[(terms[0], &dice), (terms[1], &focal(case))])
    } else if name.starts_with("gdl_focal_monai") {
        let terms = [
            weight(case, "lambda_gdl", 1.0),
            weight(case, "lambda_focal", 1.0),
        ];
        let dice = generalized_dice(case);
        sum("logits", &[(terms[0], &dice), (terms[1], &focal(case))])
    } else if name.starts_with("gdl") {
        sum("logits", &[(1.0, &generalized_dice(case))])
    } else if name.starts_with("dice_monai") {
        sum("logits", &[(1.0, &dice(case))])
    } else if name.starts_with("focal_monai") {
        sum("logits", &[(1.0, &focal(case))])
    } else if name.starts_with("tversky_monai") {
        sum("logits", &[(1.0, &tversky(case))])
    } else if name.starts_with("lovasz_softmax") {
        let per_image = case.config["per_image"].as_bool().unwrap_or(false);
        sum("logits", &[(1.0, &LovaszSoftmax { per_image })])
    } else if name.starts_with("lovasz_hinge") {
        let per_image = case.config["per_image"].as_bool().unwrap_or(true);
        sum("logits", &[(1.0, &LovaszHinge { per_image })])
    } else {
        Ok(None)
    }
}

/// Whether a name is this loss, alone or with words after it.
fn is(name: &str, loss: &str) -> bool {
    name.strip_prefix(loss)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whether a name has this word.
fn says(case: &LossCase, word: &str) -> bool {
    case.name.contains(word)
}

fn weight(case: &LossCase, key: &str, default: f64) -> f64 {
    case.option(key, default)
}

fn target(case: &LossCase) -> Result<Target, String> {
    let mut target = Target::new(case.constant("target")?);
    for name in ["cost_map", "mask", "weights"] {
        if case.has(name) {
            target = target.with_weight(case.constant(name)?);
        }
    }
    let ignored = case.config["ignore"].as_f64();
    Ok(match ignored.or(case.config["ignore_index"].as_f64()) {
        Some(class) => target.ignoring(class as f32),
        None => target,
    })
}

fn class_weights(case: &LossCase) -> Result<Option<Vec<f32>>, String> {
    let has_weights = case.has("class_weight");
    has_weights.then(|| case.vector("class_weight")).transpose()
}

fn cross_entropy(case: &LossCase) -> Result<CrossEntropy, String> {
    Ok(CrossEntropy {
        class_weights: class_weights(case)?,
        label_smoothing: case.option("smooth", case.option("label_smoothing", 0.0)),
        average: Average::Weights,
    })
}

fn binary_cross_entropy(case: &LossCase) -> Result<BinaryCrossEntropy, String> {
    let has_weights = case.has("pos_weight");
    Ok(BinaryCrossEntropy {
        positive_weights: has_weights.then(|| case.vector("pos_weight")).transpose()?,
        probabilities: false,
    })
}

fn milesial_dice(pool_classes: bool) -> Dice {
    Dice {
        batch: true,
        pool_classes,
        smooth: 1e-6,
        ..Dice::default()
    }
}

/// Classes that may overlap have a target of 0 or 1 for each.
fn activation(case: &LossCase) -> LossActivation {
    let is_indicator = case.config["target"] == "0/1 per channel" || case.has("mask");
    if is_indicator || says(case, "sigmoid") {
        LossActivation::Sigmoid
    } else {
        LossActivation::Softmax
    }
}

fn dice(case: &LossCase) -> Dice {
    Dice {
        activation: activation(case),
        include_background: !says(case, "no_background"),
        squared: says(case, "squared"),
        jaccard: says(case, "jaccard"),
        batch: says(case, "batch"),
        ..Dice::default()
    }
}

fn generalized_dice(case: &LossCase) -> GeneralizedDice {
    GeneralizedDice {
        activation: activation(case),
        include_background: !says(case, "no_background"),
        batch: says(case, "batch"),
        class_scale: if says(case, "simple") {
            ClassScale::Simple
        } else if says(case, "uniform") {
            ClassScale::Uniform
        } else {
            ClassScale::Square
        },
        smooth: 1e-5,
    }
}

fn focal(case: &LossCase) -> Focal {
    // The focal half of a combination is that of the sigmoid, whatever the other half is.
    let is_exclusive = case.name.starts_with("focal_monai_softmax");
    Focal {
        form: if is_exclusive {
            FocalForm::Softmax
        } else {
            FocalForm::Sigmoid
        },
        gamma: case.option("gamma", 2.0),
        alpha: case.config["alpha"].as_f64().map(Alpha::One),
        include_background: !says(case, "no_background"),
        class_weights: None,
    }
}

fn tversky(case: &LossCase) -> Tversky {
    Tversky {
        activation: activation(case),
        alpha: case.option("alpha", 0.5),
        beta: case.option("beta", 0.5),
        ..Tversky::default()
    }
}

/// The weighted case has half a Dice loss without background; its weights follow the recipe.
fn dice_and_cross_entropy(case: &LossCase) -> Result<Option<Vec<Found>>, String> {
    let is_weighted = says(case, "weighted");
    let weights = if is_weighted {
        let classes = case.leaf("logits")?.dims()[1];
        let entry = serde_json::json!({"name": "cw", "shape": [classes], "lo": 0.3, "hi": 2.0});
        let seed = case.config["seed"].as_u64().unwrap_or_default();
        let values = recipe::tensor(&entry, seed)?.1;
        Some(values.iter::<f32>().collect::<Vec<_>>())
    } else {
        None
    };
    let dice = Dice {
        include_background: !is_weighted,
        class_weights: weights.as_ref().map(|weights| weights[1..].to_vec()),
        ..Dice::default()
    };
    let entropy = CrossEntropy {
        class_weights: weights,
        ..CrossEntropy::default()
    };
    let share = if is_weighted { 0.5 } else { 1.0 };
    let terms: [(f64, &dyn Loss); 2] = [
        (weight(case, "lambda_dice", share), &dice),
        (weight(case, "lambda_ce", 1.0), &entropy),
    ];
    sum_of(case, "logits", &target(case)?, &terms)
}
