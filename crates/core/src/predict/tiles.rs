//! An image through a network in tiles, in memory that follows the tiles and not the image.

use std::ops::Range;

use coverslip_algorithms::{
    patches::tile::{CropPlan, PositionRule, Window, positions},
    transform::pad::{Border, Padding, source_index},
};
use ndarray::{Array3, Array4, ArrayView4, Axis, Ix3, s};

use super::{PredictError, bands::bands, joining::Joining, pipeline::in_line};
use crate::{
    base::monitor::Monitor,
    config::Blend,
    framework::{Pass, Predictor},
    model::Tiling,
};

/// A box: ranges along Z, Y and X.
pub(super) type Block = [Range<usize>; 3];

/// A normalised image that is read in parts.
pub(super) trait TileSource<E>: Sync {
    /// Its size, `[Z, Y, X]`.
    fn shape(&self) -> [usize; 3];

    /// The pixels `[C, Z, Y, X]` of a box inside it.
    fn read(&self, block: &Block) -> Result<Array4<f32>, E>;
}

/// What takes the finished parts: first pixel `[Z, Y, X]` and values `[C', Z, Y, X]`.
pub(super) type Emit<'a, E> = dyn FnMut([usize; 3], Array4<f32>) -> Result<(), E> + Send + 'a;

impl<E> TileSource<E> for ArrayView4<'_, f32> {
    fn shape(&self) -> [usize; 3] {
        let (_, z, y, x) = self.dim();
        [z, y, x]
    }

    fn read(&self, block: &Block) -> Result<Array4<f32>, E> {
        let [z, y, x] = block.clone();
        Ok(self.slice(s![.., z, y, x]).to_owned())
    }
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
    let (_, z, y, x) = image.dim();
    let mut result: Option<Array4<f32>> = None;
    let mut emit = |[at_z, at_y, at_x]: [usize; 3], values: Array4<f32>| {
        let (channels, depth, height, width) = values.dim();
        let result = result.get_or_insert_with(|| Array4::zeros((channels, z, y, x)));
        let window = s![
            ..,
            at_z..at_z + depth,
            at_y..at_y + height,
            at_x..at_x + width
        ];
        result.slice_mut(window).assign(&values);
        Ok(())
    };
    predict_parts::<PredictError>(predictor, image, tiling, Share::whole(), monitor, &mut emit)?;
    result.ok_or(PredictError::Empty)
}

/// How much of the image may wait for its neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Bytes for values of tiles that are not finished.
    pub(super) bytes: u64,
    /// Channels of the network's output.
    pub(super) channels: usize,
}

impl Share {
    /// No limit.
    fn whole() -> Share {
        Share {
            bytes: u64::MAX,
            channels: 1,
        }
    }
}

/// As [`predict_tiled`], for an image that is read in parts and given away in parts; each pixel is
/// given once.
pub(super) fn predict_parts<E: From<PredictError> + Send>(
    predictor: &dyn Predictor,
    image: &dyn TileSource<E>,
    tiling: Tiling,
    share: Share,
    monitor: &dyn Monitor,
    emit: &mut Emit<'_, E>,
) -> Result<(), E> {
    let sizes = predictor.sizes();
    let [z, y, x] = image.shape();
    // An image larger than the one size a network takes is predicted in tiles of that size.
    let shape = match sizes.fixed {
        Some(size) => [z.max(size[0]), y.max(size[1]), x.max(size[2])],
        None => sizes.fit([z, y, x]),
    };
    let padded = Padded::new(image, shape)?;
    let tile = sizes.fit(tiling.tile);
    let tile = [0, 1, 2].map(|axis| tile[axis].min(shape[axis]));
    let mut crop = |start: [usize; 3], values: Array4<f32>| padded.unpad(start, values, emit);
    if tile == shape {
        let values = predictor.predict(
            &padded.read(&shape.map(|length| 0..length))?,
            Pass::default(),
        );
        crop([0; 3], values)
    } else if tiling.blend == Blend::Crop {
        let margin = sizes.margin.ok_or(PredictError::CropImpossible)?;
        let plan =
            CropPlan::new(shape, tile, margin, sizes.multiple).map_err(PredictError::from)?;
        cropped(predictor, &padded, &plan, monitor, &mut crop)
    } else {
        blended(
            predictor,
            &padded,
            (tile, tiling),
            share,
            monitor,
            &mut crop,
        )
    }
}

/// An image that is continued beyond its edges by reflection.
struct Padded<'a, E> {
    image: &'a dyn TileSource<E>,
    /// Pixels added before the first, `[Z, Y, X]`.
    low: [usize; 3],
    shape: [usize; 3],
}

impl<'a, E: From<PredictError>> Padded<'a, E> {
    fn new(image: &'a dyn TileSource<E>, shape: [usize; 3]) -> Result<Self, E> {
        let padding = Padding::to_size(&image.shape(), &shape).map_err(PredictError::from)?;
        Ok(Self {
            image,
            low: [0, 1, 2].map(|axis| padding.widths[axis].0),
            shape,
        })
    }

    /// The pixels of a box of the padded image.
    fn read(&self, block: &Block) -> Result<Array4<f32>, E> {
        let inner = self.image.shape();
        let indices: [Vec<usize>; 3] = std::array::from_fn(|axis| {
            let at = |index: usize| index as isize - self.low[axis] as isize;
            (block[axis].clone())
                .map(|index| source_index(at(index), inner[axis], &Border::<f32>::Reflect101))
                .collect()
        });
        let hull: Block = std::array::from_fn(|axis| {
            let start = indices[axis].iter().min().copied().unwrap_or(0);
            start..indices[axis].iter().max().map_or(0, |&last| last + 1)
        });
        let mut values = self.image.read(&hull)?;
        for axis in 0..3 {
            let wanted: Vec<usize> = (indices[axis].iter())
                .map(|index| index - hull[axis].start)
                .collect();
            if wanted.len() != hull[axis].len() || !wanted.is_sorted() {
                values = values.select(Axis(axis + 1), &wanted);
            }
        }
        Ok(values)
    }

    /// Hands on what of a part of the padded image lies in the image.
    fn unpad(
        &self,
        start: [usize; 3],
        values: Array4<f32>,
        emit: &mut Emit<'_, E>,
    ) -> Result<(), E> {
        let inner = self.image.shape();
        let size = [values.dim().1, values.dim().2, values.dim().3];
        let kept: Block = std::array::from_fn(|axis| {
            let first = self.low[axis].max(start[axis]);
            let end = (self.low[axis] + inner[axis]).min(start[axis] + size[axis]);
            first - start[axis]..end.max(first) - start[axis]
        });
        if kept.iter().any(Range::is_empty) {
            return Ok(());
        }
        let place = [0, 1, 2].map(|axis| start[axis] + kept[axis].start - self.low[axis]);
        if [0, 1, 2].map(|axis| kept[axis].len()) == size {
            return emit(place, values);
        }
        let [z, y, x] = kept;
        emit(place, values.slice(s![.., z, y, x]).to_owned())
    }
}

fn blended<E: From<PredictError> + Send>(
    predictor: &dyn Predictor,
    image: &Padded<'_, E>,
    (tile, tiling): ([usize; 3], Tiling),
    share: Share,
    monitor: &dyn Monitor,
    emit: &mut Emit<'_, E>,
) -> Result<(), E> {
    let starts = positions(&image.shape, &tile, tiling.overlap, PositionRule::Fixed)
        .map_err(PredictError::from)?;
    let starts: Vec<[usize; 3]> = starts.iter().map(|at| [at[0], at[1], at[2]]).collect();
    let weights = window(tiling.blend, tile)?;
    let bands = bands(image.shape, tile, &starts, share);
    let tiles: Vec<(usize, Block)> = (bands.iter().enumerate())
        .flat_map(|(index, band)| band.starts.iter().map(move |&start| (index, start)))
        .map(|(band, start)| {
            (
                band,
                [0, 1, 2].map(|axis| start[axis]..start[axis] + tile[axis]),
            )
        })
        .collect();
    let task = monitor.begin("tiles", tiles.len() as u64);
    let mut joining = Joining::new(&bands, &weights, emit);
    in_line(
        &tiles,
        |(_, block)| image.read(block),
        |input| predictor.predict(&input, Pass::default()),
        &mut |index, values| {
            let (band, block) = &tiles[index];
            joining.add(*band, block, &values)?;
            task.advance(1, "");
            Ok(())
        },
    )?;
    joining.finish()
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

fn cropped<E: From<PredictError> + Send>(
    predictor: &dyn Predictor,
    image: &Padded<'_, E>,
    plan: &CropPlan,
    monitor: &dyn Monitor,
    emit: &mut Emit<'_, E>,
) -> Result<(), E> {
    let task = monitor.begin("tiles", plan.len() as u64);
    let tiles: Vec<_> = plan.tiles().collect();
    in_line(
        &tiles,
        |tile| image.read(&tile.read),
        |input| predictor.predict(&input, Pass::default()),
        &mut |index, values: Array4<f32>| {
            let tile = &tiles[index];
            let [z, y, x] = tile.keep_in_tile();
            let start = [0, 1, 2].map(|axis| tile.keep[axis].start);
            emit(start, values.slice(s![.., z, y, x]).to_owned())?;
            task.advance(1, "");
            Ok(())
        },
    )
}
