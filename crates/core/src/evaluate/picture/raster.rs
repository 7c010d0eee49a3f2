//! An RGB raster.

/// A picture of at least one pixel, 8 bits a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    height: usize,
    /// Row by row from the top.
    pixels: Vec<[u8; 3]>,
}

impl Raster {
    /// A picture whose pixel at (x, y) is `colour(x, y)`. A length of 0 counts as 1.
    pub fn from_fn(
        width: usize,
        height: usize,
        mut colour: impl FnMut(usize, usize) -> [u8; 3],
    ) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let pixels = (0..width * height)
            .map(|index| colour(index % width, index / width))
            .collect();
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Pixels along x.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels along y.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The colour at (x, y); black outside.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        if x < self.width {
            self.row(y).get(x).copied().unwrap_or_default()
        } else {
            [0; 3]
        }
    }

    /// Replaces the colour at (x, y); nothing happens outside.
    pub fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    /// The picture as a PNG file.
    #[expect(
        clippy::missing_panics_doc,
        reason = "no side is 0, and memory takes all"
    )]
    pub fn png_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder
            .write_header()
            .expect("memory takes all and no length is 0");
        writer
            .write_image_data(self.pixels.as_flattened())
            .expect("memory takes all and the header gives this length");
        drop(writer);
        bytes
    }

    /// The picture with neither side above `longest` pixels: larger ones shrink by a whole factor,
    /// each pixel being the mean of a square.
    pub fn shrunk_to(&self, longest: usize) -> Self {
        let factor = self.width.max(self.height).div_ceil(longest.max(1));
        if factor <= 1 {
            return self.clone();
        }
        let (width, height) = (self.width.div_ceil(factor), self.height.div_ceil(factor));
        Self::from_fn(width, height, |x, y| {
            self.mean_of_square(x * factor, y * factor, factor)
        })
    }

    fn mean_of_square(&self, left: usize, top: usize, side: usize) -> [u8; 3] {
        let mut sum = [0_usize; 3];
        let mut count = 0;
        for y in top..(top + side).min(self.height) {
            for pixel in &self.row(y)[left..(left + side).min(self.width)] {
                count += 1;
                for (sum, &value) in sum.iter_mut().zip(pixel) {
                    *sum += usize::from(value);
                }
            }
        }
        sum.map(|sum| ((sum + count / 2) / count.max(1)) as u8)
    }

    fn row(&self, y: usize) -> &[[u8; 3]] {
        self.pixels
            .get(y * self.width..(y + 1) * self.width)
            .unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_survives_png() {
        let picture = Raster::from_fn(3, 2, |x, y| [x as u8, y as u8, 200]);
        let bytes = picture.png_bytes();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (3, 2));
        assert_eq!(&pixels[..info.buffer_size()], picture.pixels.as_flattened());
    }

    #[test]
    fn shrinking_averages_squares() {
        let picture = Raster::from_fn(5, 2, |x, _| [x as u8 * 10; 3]);
        let small = picture.shrunk_to(3);
        assert_eq!((small.width(), small.height()), (3, 1));
        assert_eq!([0, 1, 2].map(|x| small.pixel(x, 0)[0]), [5, 25, 40]);
        assert_eq!(picture.shrunk_to(5), picture);
    }

    #[test]
    fn an_empty_picture_has_one_pixel() {
        let picture = Raster::from_fn(0, 7, |_, _| [9; 3]);
        assert_eq!((picture.width(), picture.height()), (1, 7));
        assert_eq!(picture.pixel(5, 5), [0; 3]);
        assert!(!picture.png_bytes().is_empty());
    }
}
