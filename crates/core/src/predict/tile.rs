//! An image through a network in tiles, in memory that follows the tiles and not the image.

use coverslip_algorithms::patches::tile::{CropPlan, PositionRule, Window, positions};
use ndarray::{Array3, Array4, ArrayView4, Ix3, s};

use super::{
    PredictError,
    band::{Layout, Share, bands},
    pad::{Padded, TileSource},
    part::{Emit, Part, scaled, scaled_block},
    pipeline::in_line,
    stitch::Stitcher,
};
use crate::{
    base::monitor::Monitor,
    config::Blend,
    framework::{Pass, Predictor},
    model::Tiling,
};

/// Predicts a normalised image `[C, Z, Y, X]` of any size: it is reflected at its edges up to the
/// next size the network accepts, predicted in tiles, stitched, and cropped back. Gives
/// `[C', Z', Y', X']`, [`Predictor::scale`] times as large.
///
/// # Errors
///
/// When the tile is too small for the network, or cropping cannot be exact for it.
///
/// # Examples
///
/// ```
/// use burn::tensor::Device;
/// use coverslip::{
///     base::monitor::Silent,
///     config::Blend,
///     framework::{NETWORK, NetworkParts},
///     model::Tiling,
///     names::{Named, TargetKind},
///     predict::predict_tiled,
///     registry::{NetworkBuilder, Registry},
///     weights::state_dict,
/// };
/// use coverslip_nets::NetworkIo;
/// use ndarray::Array4;
///
/// // A U-Net for two classes, untrained; `model::package::load` opens a trained one.
/// let registry = Registry::builtin()?;
/// let mut network = Named::new("unet");
/// network.options = serde_json::json!({"base": 4, "depth": 1});
/// let parts = NetworkBuilder {
///     registry: &registry,
///     network: &network,
///     io: NetworkIo { in_channels: 1, out_channels: 2, dimensions: 2 },
///     target_kind: TargetKind::Semantic,
///     seed: 1,
///     exact_conv: false,
///     device: Device::flex(),
/// };
/// let weights = state_dict::collect(&parts.network(NETWORK, None, parts.io)?);
/// let framework = &registry.frameworks.get("fcn")?.build;
/// let predictor = framework.predictor(&Named::new("fcn"), &parts, &weights)?;
///
/// // One channel and one section of 40 rows and 50 columns.
/// let image = Array4::from_shape_fn((1, 1, 40, 50), |(.., y, x)| (x * y) as f32 / 2000.0);
/// let tiling = Tiling { tile: [1, 32, 32], overlap: 0.25, blend: Blend::Gaussian };
/// let probabilities = predict_tiled(predictor.as_ref(), &image.view(), tiling, &Silent)?;
/// assert_eq!(probabilities.dim(), (2, 1, 40, 50));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn predict_tiled(
    predictor: &dyn Predictor,
    image: &ArrayView4<'_, f32>,
    tiling: Tiling,
    monitor: &dyn Monitor,
) -> Result<Array4<f32>, PredictError> {
    predict_tiled_with(predictor, image, tiling, Pass::default(), monitor)
}

/// As [`predict_tiled`], one of several predictions: all tiles are predicted with the same `pass`.
///
/// # Errors
///
/// As [`predict_tiled`].
pub fn predict_tiled_with(
    predictor: &dyn Predictor,
    image: &ArrayView4<'_, f32>,
    tiling: Tiling,
    pass: Pass,
    monitor: &dyn Monitor,
) -> Result<Array4<f32>, PredictError> {
    let tiles = Tiles {
        predictor,
        tiling,
        pass,
        share: Share::whole(),
        monitor,
    };
    tiles.whole::<PredictError>(image)
}

/// A network, and how images are cut for it.
pub(super) struct Tiles<'a> {
    pub(super) predictor: &'a dyn Predictor,
    pub(super) tiling: Tiling,
    /// One for all tiles of an image.
    pub(super) pass: Pass,
    pub(super) share: Share,
    pub(super) monitor: &'a dyn Monitor,
}

impl Tiles<'_> {
    /// Predicts an image into one array `[C', Z', Y', X']`.
    pub(super) fn whole<E: From<PredictError> + Send>(
        &self,
        image: &dyn TileSource<E>,
    ) -> Result<Array4<f32>, E> {
        let [z, y, x] = scaled(image.shape(), self.predictor.scale());
        let mut whole: Option<Array4<f32>> = None;
        self.each_part(image, &mut |part: Part| {
            let channels = part.values.dim().0;
            let whole = whole.get_or_insert_with(|| Array4::zeros((channels, z, y, x)));
            let [first, size] = [part.start, part.size()];
            let [z, y, x] = [0, 1, 2].map(|axis| first[axis]..first[axis] + size[axis]);
            whole.slice_mut(s![.., z, y, x]).assign(&part.values);
            Ok(())
        })?;
        whole.ok_or_else(|| PredictError::Empty.into())
    }

    /// Predicts an image that is read in parts and given away in parts; each pixel is given once.
    pub(super) fn each_part<E: From<PredictError> + Send>(
        &self,
        image: &dyn TileSource<E>,
        emit: &mut Emit<'_, E>,
    ) -> Result<(), E> {
        let sizes = self.predictor.sizes();
        let [z, y, x] = image.shape();
        // An image larger than the one size a network takes is predicted in tiles of that size.
        let shape = match sizes.fixed {
            Some(size) => [z.max(size[0]), y.max(size[1]), x.max(size[2])],
            None => sizes.fit([z, y, x]),
        };
        let padded = Padded::new(image, shape)?;
        let tile = sizes.fit(self.tiling.tile);
        let tile = [0, 1, 2].map(|axis| tile[axis].min(shape[axis]));
        let window = scaled_block(&padded.inside(), self.predictor.scale());
        let origin = window.each_ref().map(|range| range.start);
        let mut unpad = |part: Part| match part.within(&window) {
            Some(part) => emit(part.seen_from(origin)),
            None => Ok(()),
        };
        if tile == shape {
            let input = padded.read(&shape.map(|length| 0..length))?;
            let values = self.predictor.predict(&input, self.pass);
            unpad(Part {
                start: [0; 3],
                values,
            })
        } else if self.tiling.blend == Blend::Crop {
            let margin = sizes.margin.ok_or(PredictError::CropImpossible)?;
            let plan =
                CropPlan::new(shape, tile, margin, sizes.multiple).map_err(PredictError::from)?;
            self.cropped(&padded, &plan, &mut unpad)
        } else {
            self.blended(&padded, tile, &mut unpad)
        }
    }

    /// Overlapping tiles, averaged.
    fn blended<E: From<PredictError> + Send>(
        &self,
        image: &Padded<'_, E>,
        tile: [usize; 3],
        emit: &mut Emit<'_, E>,
    ) -> Result<(), E> {
        let overlap = self.tiling.overlap;
        let starts = positions(&image.shape, &tile, overlap, PositionRule::Fixed)
            .map_err(PredictError::from)?;
        let scale = self.predictor.scale();
        let layout = Layout {
            shape: scaled(image.shape, scale),
            tile: scaled(tile, scale),
            starts: starts
                .iter()
                .map(|at| scaled([at[0], at[1], at[2]], scale))
                .collect(),
            section: scale[0],
        };
        let weights = window(self.tiling.blend, layout.tile)?;
        let bands = bands(&layout, self.share);
        let tiles: Vec<(usize, [usize; 3])> = (bands.iter().enumerate())
            .flat_map(|(index, band)| band.starts.iter().map(move |&start| (index, start)))
            .collect();
        let read = |start: [usize; 3]| {
            let start = [0, 1, 2].map(|axis| start[axis] / scale[axis]);
            image.read(&[0, 1, 2].map(|axis| start[axis]..start[axis] + tile[axis]))
        };
        let task = self.monitor.begin("tiles", tiles.len() as u64);
        let mut stitcher = Stitcher::new(&bands, &weights, emit);
        in_line(
            &tiles,
            |&(_, start)| read(start),
            |input| self.predictor.predict(&input, self.pass),
            &mut |index, values| {
                let (band, start) = tiles[index];
                stitcher.add(band, start, &values)?;
                task.advance(1, "");
                Ok(())
            },
        )?;
        stitcher.finish()
    }

    /// Tiles of which only what their edges leave untouched is kept.
    fn cropped<E: From<PredictError> + Send>(
        &self,
        image: &Padded<'_, E>,
        plan: &CropPlan,
        emit: &mut Emit<'_, E>,
    ) -> Result<(), E> {
        let scale = self.predictor.scale();
        let task = self.monitor.begin("tiles", plan.len() as u64);
        let tiles: Vec<_> = plan.tiles().collect();
        in_line(
            &tiles,
            |tile| image.read(&tile.read),
            |input| self.predictor.predict(&input, self.pass),
            &mut |index, values: Array4<f32>| {
                let tile = &tiles[index];
                let start = tile.read.each_ref().map(|range| range.start);
                let part = Part {
                    start: scaled(start, scale),
                    values,
                };
                if let Some(kept) = part.within(&scaled_block(&tile.keep, scale)) {
                    emit(kept)?;
                }
                task.advance(1, "");
                Ok(())
            },
        )
    }
}

/// The weights of a tile's pixels, `[Z, Y, X]`.
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
