//! Mean and variance of each image and channel, gathered part by part.

/// Count, mean and sum of squared deviations of each image and channel, in double precision.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Channels of an image.
    pub channels: usize,
    /// `[N, C]`.
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Of no pixels yet.
    pub fn empty(images: usize, channels: usize) -> Self {
        Self {
            channels,
            parts: vec![Part::default(); images * channels],
        }
    }

    /// Takes in `count` values whose differences from `shift` add up to `sum`, and their squares to
    /// `squares`.
    pub fn add_shifted(
        &mut self,
        image: usize,
        channel: usize,
        count: usize,
        shift: f32,
        sum: f32,
        squares: f32,
    ) {
        if count == 0 {
            return;
        }
        let (length, sum) = (count as f64, f64::from(sum));
        self.parts[image * self.channels + channel].merge(Part {
            count: length,
            mean: f64::from(shift) + sum / length,
            squares: (f64::from(squares) - sum * sum / length).max(0.0),
        });
    }

    /// Count, mean and biased variance of a channel of an image.
    pub fn of(&self, image: usize, channel: usize) -> (f64, f64, f64) {
        self.parts[image * self.channels + channel].finish()
    }

    /// Count, mean and biased variance of several channels of several images together.
    pub fn over(
        &self,
        images: std::ops::Range<usize>,
        channels: std::ops::Range<usize>,
    ) -> (f64, f64, f64) {
        let mut all = Part::default();
        for image in images {
            for channel in channels.clone() {
                all.merge(self.parts[image * self.channels + channel]);
            }
        }
        all.finish()
    }
}

impl Part {
    /// Chan, Golub and LeVeque 1979: moments of a union.
    fn merge(&mut self, other: Self) {
        let count = self.count + other.count;
        if other.count == 0.0 {
            return;
        }
        let difference = other.mean - self.mean;
        self.mean += difference * other.count / count;
        self.squares += other.squares + difference * difference * self.count * other.count / count;
        self.count = count;
    }

    fn finish(&self) -> (f64, f64, f64) {
        (self.count, self.mean, self.squares / self.count.max(1.0))
    }
}
