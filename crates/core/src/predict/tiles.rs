//! A whole image through a network in tiles.

use coverslip_image::{
    pad::{Border, Padding},
    tile::{Blender, CropPlan, PositionRule, Window, positions},
};
use ndarray::{Array3, Array4, ArrayView4, Ix3, s};

use super::PredictError;
use crate::{config::Blend, framework::Predictor, monitor::Monitor};

/// How an image is cut and joined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiling {
    /// Size of a tile, `[Z, Y, X]`.
    pub tile: [usize; 3],
    /// Share of a tile that the next one covers again (not for [`Blend::Crop`]).
    pub overlap: f64,
    /// How overlapping tiles are joined.
    pub blend: Blend,
}

/// Predicts a normalised image `[C, Z, Y, X]` of any size: it is reflected at its edges up to the
/// next size the network accepts, predicted in tiles, joined, and cropped back. Gives
/// `[C', Z, Y, X]`.
///
/// # Errors
///
/// When the tile is too small for the network, or cropping cannot be exact for it.
pub fn predict_tiled(
    predictor: &dyn Predictor,
    image: &ArrayView4<'_, f32>,
    tiling: Tiling,
    monitor: &dyn Monitor,
) -> Result<Array4<f32>, PredictError> {
    let sizes = predictor.sizes();
    let (channels, z, y, x) = image.dim();
    // An image larger than the one size a network takes is predicted in tiles of that size.
    let [pz, py, px] = match sizes.fixed {
        Some(size) => [z.max(size[0]), y.max(size[1]), x.max(size[2])],
        None => sizes.fit([z, y, x]),
    };
    let padding = Padding::to_size(image.shape(), &[channels, pz, py, px])?;
    let padded = padding.pad(image, Border::Reflect101)?;
    let shape = [pz, py, px];
    let tile = sizes.fit(tiling.tile);
    let tile = [0, 1, 2].map(|axis| tile[axis].min(shape[axis]));
    let values = if tile == shape {
        predictor.predict(&padded)
    } else if tiling.blend == Blend::Crop {
        let margin = sizes.margin.ok_or(PredictError::CropImpossible)?;
        crop(
            predictor,
            &padded,
            &CropPlan::new(shape, tile, margin, sizes.multiple)?,
            monitor,
        )?
    } else {
        blend(predictor, &padded, tile, tiling, monitor)?
    };
    Ok(padding.crop(values.view())?.to_owned())
}

fn blend(
    predictor: &dyn Predictor,
    image: &Array4<f32>,
    tile: [usize; 3],
    tiling: Tiling,
    monitor: &dyn Monitor,
) -> Result<Array4<f32>, PredictError> {
    let shape = [image.dim().1, image.dim().2, image.dim().3];
    let starts = positions(&shape, &tile, tiling.overlap, PositionRule::Fixed)?;
    let weights = window(tiling.blend, tile)?;
    let task = monitor.begin("tiles", starts.len() as u64);
    let mut blender: Option<Blender> = None;
    for start in starts {
        let start = [start[0], start[1], start[2]];
        let [z, y, x] = [0, 1, 2].map(|axis| start[axis]..start[axis] + tile[axis]);
        let values = predictor.predict(&image.slice(s![.., z, y, x]).to_owned());
        let blender = blender.get_or_insert_with(|| Blender::new(values.dim().0, shape));
        blender.add(start, values.view(), weights.view())?;
        task.advance(1, "");
    }
    match blender {
        Some(blender) => Ok(blender.finish()?),
        None => Err(PredictError::Empty),
    }
}

fn window(blend: Blend, tile: [usize; 3]) -> Result<Array3<f32>, PredictError> {
    let window = match blend {
        Blend::Gaussian => Window::default(),
        Blend::Hann => Window::Hann,
        Blend::Constant | Blend::Crop => Window::Constant,
    };
    let weights = window.weights(&tile)?.mapv(|weight| weight as f32);
    Ok(weights
        .into_dimensionality::<Ix3>()
        .expect("the window has the tile's three axes"))
}

fn crop(
    predictor: &dyn Predictor,
    image: &Array4<f32>,
    plan: &CropPlan,
    monitor: &dyn Monitor,
) -> Result<Array4<f32>, PredictError> {
    let (_, depth, height, width) = image.dim();
    let task = monitor.begin("tiles", plan.len() as u64);
    let mut result: Option<Array4<f32>> = None;
    for tile in plan.tiles() {
        let [z, y, x] = tile.read.clone();
        let values = predictor.predict(&image.slice(s![.., z, y, x]).to_owned());
        let channels = values.dim().0;
        let result = result.get_or_insert_with(|| Array4::zeros((channels, depth, height, width)));
        let [z, y, x] = tile.keep.clone();
        let [tz, ty, tx] = tile.keep_in_tile();
        result
            .slice_mut(s![.., z, y, x])
            .assign(&values.slice(s![.., tz, ty, tx]));
        task.advance(1, "");
    }
    result.ok_or(PredictError::Empty)
}
