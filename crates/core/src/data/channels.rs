//! The channels of images that are used together.

use super::{DataError, ImagePair, Sample};

/// How many channels a source and its target have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Of the source.
    pub source: usize,
    /// Of the target, if there is one.
    pub target: Option<usize>,
}

impl Channels {
    pub(super) fn of(sample: &Sample) -> Self {
        Self {
            source: sample.source.dim().0,
            target: sample.target.as_ref().map(|target| target.dim().0),
        }
    }

    /// Refuses `pair`, which has these channels, where `first` has others.
    ///
    /// # Errors
    ///
    /// [`DataError::ChannelsDiffer`], which names the files.
    pub fn check(
        self,
        pair: &ImagePair,
        first_channels: Channels,
        first: &ImagePair,
    ) -> Result<(), DataError> {
        let differ =
            |what, paths: [&std::path::Path; 2], [channels, first_channels]: [usize; 2]| {
                if channels == first_channels {
                    return Ok(());
                }
                let [path, first_path] = paths.map(Into::into);
                Err(DataError::ChannelsDiffer {
                    what,
                    path,
                    channels,
                    first_path,
                    first_channels,
                })
            };
        let channels = [self.source, first_channels.source];
        differ("source", [&pair.source, &first.source], channels)?;
        match (
            &pair.target,
            self.target,
            &first.target,
            first_channels.target,
        ) {
            (Some(path), Some(channels), Some(first_path), Some(first)) => {
                differ("target", [path, first_path], [channels, first])
            }
            _ => Ok(()),
        }
    }
}
