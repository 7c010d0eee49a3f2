//! Key points: kernels, images and storage.

use coverslip_algorithms::methods::keypoint::storage::{
    Codec, KeypointFile, MAX_PIXELS, best_rice_parameter, decode_context, encode_context, gaps,
    rice, storage_cost, varints,
};
use coverslip_algorithms::methods::keypoint::{
    Gain, Kernel, Optics, Reconstruction, reconstruct, select_keypoints,
};
use ndarray::{Array2, Ix2};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "psf_kernels" => kernels,
        "keypoint_reconstruct" => reconstruction,
        "keypoint_storage" => storage,
        _ => return None,
    })
}

fn optics(case: &Case) -> Result<Optics, Failure> {
    Ok(Optics {
        na: case.param("na")?,
        wavelength_um: case.param("wavelength_um")?,
        pixel_um: case.param("pixel_um")?,
        size: case.param_or("size", None)?,
    })
}

fn kernels(case: &Case) -> Result<Outcome, Failure> {
    let (optics, size) = (optics(case)?, case.param("size")?);
    if let Some(sigma) = case.param_or::<Option<f64>>("sigma_px", None)?
        && (sigma - optics.sigma()).abs() > 1e-12
    {
        return Err(Failure::Case(format!("sigma is {}", optics.sigma())));
    }
    let opencv = Kernel::Gaussian { size, sigma: None };
    Ok(Outcome::default()
        .with("mean", Kernel::Mean { size }.weights()?)
        .with("gauss_opencv_sigma", opencv.weights()?)
        .with("airy", Kernel::Airy(optics).weights()?)
        .with("gauss_fit", Kernel::AiryGaussian(optics).weights()?))
}

fn reconstruction(case: &Case) -> Result<Outcome, Failure> {
    let size = case.param_or("size", 5)?;
    let gaussian = Kernel::Gaussian {
        size,
        sigma: case.param_or("gauss_sigma", None)?,
    };
    let airy = Kernel::Airy(optics(case)?);
    let probabilities = case.input("prob")?.array::<f64>();
    let points = select_keypoints(&probabilities.view(), case.param("threshold")?)?;
    let points = points.into_dimensionality::<Ix2>();
    let points: Array2<bool> = points.map_err(|error| error.to_string())?;
    let mut outcome = Outcome::default();
    for (kernel, names) in [
        (
            Kernel::Mean { size },
            ["mean_sum", "mean_peak_clip", "mean_minmax"],
        ),
        (gaussian, ["gauss_sum", "gauss_peak_clip", "gauss_minmax"]),
        (airy, ["airy_sum", "airy_peak_clip", "airy_minmax"]),
    ] {
        for (name, gain) in names
            .into_iter()
            .zip([Gain::Sum, Gain::PeakClip, Gain::MinMax])
        {
            let options = Reconstruction { kernel, gain };
            outcome = outcome.with(name, reconstruct(&points.view(), &options)?);
        }
    }
    let count = points.iter().filter(|&&is_point| is_point).count();
    Ok(outcome
        .with("count", Tensor::scalar(count))
        .with("binary", points))
}

fn storage(case: &Case) -> Result<Outcome, Failure> {
    let points = case.input("keypoints")?.array::<bool>();
    let points = points.into_dimensionality::<Ix2>();
    let points: Array2<bool> = points.map_err(|error| error.to_string())?;
    let cost = storage_cost(&points.view());
    for (name, found) in [
        ("N", cost.pixels as f64),
        ("original_bytes_8bit", cost.pixels as f64),
        ("m", cost.points as f64),
        ("paper_bytes", cost.paper_bytes as f64),
        ("bytes_coords_min_width", cost.coordinate_bytes as f64),
        ("bits_coords_packed", cost.coordinate_bits as f64),
        ("bitmap_bytes", cost.bitmap_bytes as f64),
        ("varint_bytes", cost.varint_bytes as f64),
        ("rice_k", f64::from(cost.rice_parameter)),
        ("rice_bits", cost.rice_bits as f64),
        ("log2_binom_bits", cost.set_bits),
        ("entropy_bits", cost.entropy_bits),
    ] {
        if let Some(expected) = case.expected::<Option<f64>>(name)?
            && (found - expected).abs() > 1e-9 * expected.abs().max(1.0)
        {
            return Err(Failure::Case(format!(
                "`{name}` is {found}, expected {expected}"
            )));
        }
    }
    round_trips(&points)?;
    let gaps = gaps(&points.view());
    let k = case.param_or("rice_k", best_rice_parameter(&gaps))?;
    Ok(Outcome::default()
        .with("varint", Tensor::vector(&varints(&gaps)))
        .with("rice", Tensor::vector(&rice(&gaps, k)))
        .with("gaps", Tensor::vector(&gaps)))
}

fn round_trips(points: &Array2<bool>) -> Result<(), Failure> {
    let (height, width) = points.dim();
    let coded = encode_context(&points.view());
    if decode_context(&coded, height, width) != *points {
        return Err(Failure::Case(
            "context coding changes the points".to_owned(),
        ));
    }
    let file = KeypointFile {
        keypoints: points.clone(),
        threshold: 0.5,
        kernel: None,
        intensities: None,
    };
    for codec in [Codec::Context, Codec::Rice, Codec::Bitmap] {
        let bytes = file.to_bytes(codec).map_err(|error| error.to_string())?;
        let again = KeypointFile::from_bytes(&bytes, MAX_PIXELS);
        if again.map_err(|error| error.to_string())? != file {
            return Err(Failure::Case(format!("{codec:?} changes the file")));
        }
    }
    Ok(())
}
