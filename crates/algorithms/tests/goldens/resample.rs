//! Resizing, turning and cropping.

use coverslip_algorithms::patches::tile::{DenseCrops, ReleasedTiles, released_crop_count};
use coverslip_algorithms::transform::resample::{
    Degrade, Edge, Method, Pillow, PillowFilter, Resize, Skimage, Torch, TorchMode, degrade, resize,
};
use coverslip_algorithms::transform::symmetry::{Symmetry, flip};
use coverslip_image::Pixels;
use coverslip_image::format::pyramid::{Reduction, reduce};
use ndarray::ArrayD;
use serde_json::Value;

use crate::case::{Case, Failure, Outcome, Run};
use crate::files::failed;
use crate::tensor::{Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "resize_torch" => resize_torch,
        "resize_pil" => resize_pil,
        "resize_skimage" => resize_skimage,
        "resize_cv_area" => resize_area,
        "pyramid" => pyramid,
        "livecell_degrade" => livecell_degrade,
        "d4_transforms" => symmetries,
        "sliding_crops" => sliding_crops,
        _ => return None,
    })
}

fn torch(mode: TorchMode, antialias: bool, align_corners: bool) -> Method {
    Method::Torch(Torch {
        mode,
        antialias,
        align_corners,
    })
}

fn pillow(filter: PillowFilter) -> Method {
    Method::Pillow(Pillow { filter })
}

/// The new size, or the factors, that a case names.
fn target(case: &Case, rank: usize, method: Method) -> Result<Resize, Failure> {
    let per_axis = |value: Option<Value>| match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_f64).collect(),
        Some(Value::Number(one)) => vec![one.as_f64().unwrap_or(0.0); rank],
        _ => Vec::new(),
    };
    let mut size: Vec<f64> = per_axis(case.param_or("size", None)?);
    if size.is_empty() {
        size = per_axis(case.param_or("size_hw", None)?);
    }
    let mut scale: Vec<f64> = per_axis(case.param_or("scale_factor", None)?);
    if scale.is_empty() {
        scale = per_axis(case.param_or("scale", None)?);
    }
    Ok(Resize {
        size: size.into_iter().map(|length| length as usize).collect(),
        scale,
        method,
    })
}

fn resize_torch(case: &Case) -> Result<Outcome, Failure> {
    let x: ArrayD<f32> = case.input("x")?.array();
    let align = case.param_or("align_corners", false)?;
    let mut outcome = Outcome::default();
    for (name, method) in [
        ("nearest", torch(TorchMode::Nearest, false, false)),
        (
            "nearest_exact",
            torch(TorchMode::NearestExact, false, false),
        ),
        ("bilinear", torch(TorchMode::Linear, false, align)),
        ("linear", torch(TorchMode::Linear, false, align)),
        ("trilinear", torch(TorchMode::Linear, false, align)),
        ("bicubic", torch(TorchMode::Cubic, false, align)),
        ("bilinear_antialias", torch(TorchMode::Linear, true, align)),
        ("bicubic_antialias", torch(TorchMode::Cubic, true, align)),
    ] {
        if case.wants(name) {
            let options = target(case, x.ndim(), method)?;
            outcome = outcome.with(name, resize(&x.view(), &options)?);
        }
    }
    Ok(outcome)
}

fn resize_pil(case: &Case) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for (name, of_float, filter) in [
        ("nearest", "nearest_f32", PillowFilter::Nearest),
        ("box", "box_f32", PillowFilter::Box),
        ("bilinear", "bilinear_f32", PillowFilter::Bilinear),
        ("bicubic", "bicubic_f32", PillowFilter::Bicubic),
        ("lanczos", "lanczos_f32", PillowFilter::Lanczos),
    ] {
        for (name, input) in [(name, "u8"), (of_float, "f32")] {
            if case.wants(name) {
                let input = case.input(input)?;
                let options = target(case, input.shape.len(), pillow(filter))?;
                let found: Result<Tensor, _> =
                    with_stored_type!(input, |x| resize(&x.view(), &options).map(Tensor::from));
                outcome = outcome.with(name, found?);
            }
        }
    }
    Ok(outcome)
}

fn resize_skimage(case: &Case) -> Result<Outcome, Failure> {
    let x: ArrayD<f64> = case.input("x")?.array();
    let edge = match case.param_or("mode", "reflect".to_owned())?.as_str() {
        "reflect" => Edge::Reflect101,
        "symmetric" => Edge::Symmetric,
        "edge" => Edge::Replicate,
        "wrap" => Edge::Wrap,
        other => return Err(Failure::Case(format!("unknown mode `{other}`"))),
    };
    let method = Method::Skimage(Skimage {
        order: case.param_or("order", 1)?,
        anti_aliasing: case.param_or("anti_aliasing", None)?,
        edge,
        clip: case.param_or("clip", true)?,
    });
    let options = target(case, x.ndim(), method)?;
    Ok(Outcome::default().with("y", resize(&x.view(), &options)?))
}

fn resize_area(case: &Case) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for (name, input) in [("area_u8", "u8"), ("area_f32", "f32")] {
        if case.wants(name) {
            let input = case.input(input)?;
            let options = target(case, input.shape.len(), Method::Area)?;
            let found: Result<Tensor, _> =
                with_stored_type!(input, |x| resize(&x.view(), &options).map(Tensor::from));
            outcome = outcome.with(name, found?);
        }
    }
    Ok(outcome)
}

fn pyramid(case: &Case) -> Result<Outcome, Failure> {
    let input = case.input("x")?;
    let factor: Vec<usize> = case.param("factor")?;
    let pixels: Pixels = with_stored_type!(input, |x| x.into());
    let mut outcome = Outcome::default();
    for (name, how) in [("mean", Reduction::Mean), ("nearest", Reduction::First)] {
        let found = match reduce(&pixels, &factor, how).map_err(|error| failed(&error))? {
            Pixels::U8(array) => Tensor::from(array),
            Pixels::U16(array) => array.into(),
            Pixels::I16(array) => array.into(),
            Pixels::F32(array) => array.into(),
            other => return Err(Failure::Case(format!("samples of type {}", other.dtype()))),
        };
        outcome = outcome.with(name, found);
    }
    Ok(outcome)
}

fn livecell_degrade(case: &Case) -> Result<Outcome, Failure> {
    let factor = case.param("factor")?;
    let input = case.input("x")?;
    let options = |method| Degrade { factor, method };
    let pil = degrade(
        &input.array::<u8>().view(),
        &options(pillow(PillowFilter::Bicubic)),
    )?;
    let values = input.array::<f32>().mapv(|value| value / 255.0);
    let of = |mode| degrade(&values.view(), &options(torch(mode, false, false)));
    let (bilinear, nearest) = (of(TorchMode::Linear)?, of(TorchMode::Nearest)?);
    Ok(Outcome::default()
        .with("pil_low", pil.low)
        .with("pil_back", pil.back)
        .with("bilinear_low", bilinear.low)
        .with("bilinear_back", bilinear.back)
        .with("nearest_low", nearest.low)
        .with("nearest_back", nearest.back))
}

fn symmetries(case: &Case) -> Result<Outcome, Failure> {
    let x: ArrayD<u8> = case.input("x")?.array();
    let last = x.ndim().saturating_sub(1);
    let axes = case.param_or("axes", [last.saturating_sub(1), last])?;
    let mut outcome = Outcome::default();
    for (name, symmetry) in [
        ("rot90", Symmetry::Rot90),
        ("rot90_yx", Symmetry::Rot90),
        ("rot180", Symmetry::Rot180),
        ("rot180_yx", Symmetry::Rot180),
        ("rot270", Symmetry::Rot270),
        ("rot270_yx", Symmetry::Rot270),
        ("flip_y", Symmetry::FlipY),
        ("flip_x", Symmetry::FlipX),
        ("transpose", Symmetry::Transpose),
        ("anti_transpose", Symmetry::AntiTranspose),
    ] {
        if case.wants(name) {
            outcome = outcome.with(name, symmetry.apply(&x.view(), axes)?);
        }
    }
    if case.wants("flip_z") {
        outcome = outcome.with("flip_z", flip(&x.view(), 0)?);
    }
    Ok(outcome)
}

fn origins(starts: &[Vec<usize>]) -> Tensor {
    let mut tensor = Tensor::vector(&starts.concat());
    tensor.shape = vec![starts.len(), 2];
    tensor
}

fn sliding_crops(case: &Case) -> Result<Outcome, Failure> {
    let image =
        || -> Result<[usize; 2], Failure> { Ok([case.param("height")?, case.param("width")?]) };
    match case.param::<String>("rule")?.as_str() {
        "dense" => {
            let crops = DenseCrops {
                size: vec![case.param("size")?; 2],
                stride: vec![case.param("stride")?; 2],
                flush_last: case.param_or("flush_last", false)?,
            };
            Ok(Outcome::default().with("origins_yx", origins(&crops.origins(&image()?)?)))
        }
        "released_tiles" => {
            let tiles = ReleasedTiles {
                target: case.param("target")?,
                overlap: case.param("overlap")?,
            };
            let plan = tiles.plan(&image()?)?;
            Ok(Outcome::default()
                .with("canvas_hw", Tensor::vector(&plan.canvas))
                .with("image_offset_yx", Tensor::vector(&plan.image_offset))
                .with("origins_yx", origins(&plan.origins)))
        }
        "released_count" => {
            let (size, border) = (case.param("size")?, case.param("border")?);
            let images: Vec<Vec<usize>> = case.param("images")?;
            let mut counts = Vec::new();
            for image in images {
                counts.push(released_crop_count(&image, size, border)?);
            }
            let last = counts.last().copied().unwrap_or(0);
            let columns = [counts.iter().sum(), last * counts.len()];
            counts.extend(columns);
            Ok(Outcome::default().with("counts", Tensor::vector(&counts)))
        }
        other => Err(Failure::Case(format!("unknown rule `{other}`"))),
    }
}
