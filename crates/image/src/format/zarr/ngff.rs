//! The metadata of OME-Zarr (NGFF 0.4 and 0.5): images, their levels, labels, collections.

mod axes;
mod channels;
mod collection;
mod extra;
mod group;
mod multiscale;
mod units;

pub(super) use axes::{Kept, by_names, by_rank};
pub(super) use channels::{read_channels, write_channels};
pub(super) use collection::{Found, find};
pub(super) use extra::Extra;
pub(super) use group::Group;
pub(super) use multiscale::{Multiscale, Spacing};
