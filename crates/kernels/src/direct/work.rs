//! From a convolution of several groups to the jobs of each.

use crate::{ConvShape, Epilogue, Isa, LANES};

use super::apply::{Job, Loops, Product};
use super::finish::Finish;
use super::grid::Grid;
use super::grouping::Grouping;
use super::partition::PixelForm;
use super::planes::{Destination, Planes};
use super::weights::{WeightView, pack_depthwise};

/// A forward pass or input gradient of any grouping but [`Grouping::Mixed`].
pub(super) struct Work<'a> {
    pub(super) isa: Isa,
    pub(super) grouping: Grouping,
    pub(super) grids: &'a [Grid],
    pub(super) weight: &'a [f32],
    pub(super) epilogue: Epilogue<'a>,
    pub(super) shape: &'a ConvShape,
    /// From the output's channels to the input's.
    pub(super) is_transposed: bool,
}

impl Work<'_> {
    /// # Safety
    ///
    /// The processor must have the instruction set, `input` the sizes that the grids read and
    /// `destination` those that they write.
    pub(super) unsafe fn run(&self, input: &Planes<'_>, destination: &Destination) {
        let (product, groups) = self.grouping.product(self.shape);
        let (in_channels, out_channels) = (
            self.shape.in_channels / groups,
            self.shape.out_channels / groups,
        );
        let taps: usize = self.shape.kernel.iter().product();
        let width = self.isa.width();
        let group_weights = self.weight.len() / groups;
        for group in 0..groups {
            let weight = &self.weight[group * group_weights..][..group_weights];
            let mut view = WeightView::forward(weight, out_channels, in_channels, taps);
            if self.is_transposed {
                view = view.transposed();
            }
            let input = part(input, group, groups);
            let loops = Loops::of(product, &input, view.out_channels);
            let form = pixel_form(product, &input, view.in_channels);
            let pack = |grid: &Grid| match loops {
                Loops::Dense => view.pack(grid, form, width),
                Loops::Dot => view.pack_dot(grid),
                Loops::Depthwise => pack_depthwise(weight, view.out_channels, grid),
            };
            let epilogue = self.epilogue.of_group(group, view.out_channels);
            let job = Job {
                isa: self.isa,
                loops,
                input,
                form,
                grids: self.grids,
                weights: self.grids.iter().map(pack).collect(),
                finish: Finish::of(epilogue, view.out_channels),
                out_channels: view.out_channels,
            };
            let planes = destination.len() / groups;
            // SAFETY: as the caller promises; the weights were packed for this form and width.
            unsafe { job.run(&destination.range(group * planes..(group + 1) * planes)) };
        }
    }
}

/// The planes of one of several groups of channels.
pub(super) fn part<'a>(planes: &Planes<'a>, group: usize, groups: usize) -> Planes<'a> {
    let count = planes.len() / groups;
    planes.range(group * count..(group + 1) * count)
}

/// How the kernels see the channels of a map.
pub(super) fn pixel_form(product: Product, planes: &Planes<'_>, channels: usize) -> PixelForm {
    if planes.lanes == LANES {
        PixelForm {
            step: LANES,
            lanes: LANES,
            blocks: planes.len(),
        }
    } else {
        PixelForm {
            step: match product {
                Product::Dense => channels.next_power_of_two(),
                Product::Depthwise => LANES,
            },
            lanes: channels,
            blocks: 1,
        }
    }
}
