//! Losses of images.

use coverslip_nets::loss::{
    Heteroscedastic, Huber, L1, MsSsim, MsSsimConvention, Mse, Reduction, SmoothL1, Ssim, Target,
};

use serde_json::Value;

use super::{
    super::loss_case::{Found, LossCase},
    sum_of,
};

pub fn compute(case: &LossCase) -> Result<Option<Vec<Found>>, String> {
    let sum = |loss| sum_of(case, "pred", &target(case)?, &[(1.0, loss)]);
    let name = case.name.as_str();
    if name.starts_with("weighted_mse_fnet") {
        sum(&Mse {
            reduction: Reduction::ImageSum,
        })
    } else if name.starts_with("mse") {
        sum(&Mse::default())
    } else if name.starts_with("l1") {
        sum(&L1::default())
    } else if name.starts_with("smooth_l1") {
        sum(&SmoothL1 {
            beta: case.option("beta", 1.0),
            ..SmoothL1::default()
        })
    } else if name.starts_with("huber") {
        sum(&Huber {
            delta: case.option("delta", 1.0),
            ..Huber::default()
        })
    } else if name.starts_with("heteroscedastic") {
        sum(&Heteroscedastic::default())
    } else if name.starts_with("ms_ssim") {
        sum(&ms_ssim(case))
    } else if name.starts_with("ssim") {
        sum(&ssim(case))
    } else {
        Ok(None)
    }
}

fn target(case: &LossCase) -> Result<Target, String> {
    let target = Target::new(case.constant("target")?);
    Ok(if case.has("mask") {
        target.with_weight(case.constant("mask")?)
    } else {
        target
    })
}

fn ssim(case: &LossCase) -> Ssim {
    let default = Ssim::default();
    Ssim {
        window: case.option("window", default.window as f64) as usize,
        sigma: case.option("sigma", default.sigma),
        k1: case.option("k1", default.k1),
        k2: case.option("k2", default.k2),
        data_range: case.option("data_range", default.data_range),
    }
}

fn ms_ssim(case: &LossCase) -> MsSsim {
    let Ssim {
        window,
        sigma,
        k1,
        k2,
        data_range,
    } = ssim(case);
    let weights = case.config["weights"].as_array();
    let weights = weights.map(|weights| weights.iter().filter_map(Value::as_f64).collect());
    MsSsim {
        weights: weights.unwrap_or(MsSsim::default().weights),
        convention: if case.name.contains("monai") {
            MsSsimConvention::Monai
        } else {
            MsSsimConvention::PytorchMsssim
        },
        window,
        sigma,
        k1,
        k2,
        data_range,
    }
}
