//! The sizes of what lies between layers.

/// A map, or tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map {
    /// Channels of a pixel or token.
    pub(super) channels: usize,
    /// Pixels or tokens of an image.
    pub(super) pixels: usize,
    /// `[Z, Y, X]`, of a map.
    pub(super) extent: Option<[usize; 3]>,
}

impl Map {
    /// Of what has the sizes `shape` for a batch of `images`: `N C Z Y X`, tokens `[N or windows, T, C]`,
    /// or one value a channel `[N, C]`.
    pub(super) fn new(shape: &[usize], images: usize) -> Self {
        match *shape {
            [_, channels, z, y, x] => Self {
                channels,
                pixels: z * y * x,
                extent: Some([z, y, x]),
            },
            [ref groups @ .., channels] => Self {
                channels,
                pixels: groups.iter().product::<usize>() / images.max(1),
                extent: None,
            },
            [] => Self {
                channels: 1,
                pixels: 1,
                extent: None,
            },
        }
    }

    /// Whether both are of one size, perhaps once as tokens.
    pub(super) fn equals(&self, other: &Self) -> bool {
        (self.channels, self.pixels) == (other.channels, other.pixels)
    }

    /// Numbers of an image.
    pub(super) fn numbers(&self) -> usize {
        self.channels * self.pixels
    }
}
