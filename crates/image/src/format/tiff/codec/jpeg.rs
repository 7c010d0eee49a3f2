//! JPEG strips and tiles, of TIFF technical note 2: quantisation and Huffman tables may be in a
//! field of the page. Colours stay as they are coded.
//!
//! By `zune-jpeg`, which unpacks tiles of 512 x 512 colours at 740 MB/s a thread where the
//! `jpeg-decoder` of JPEG files does 500; files keep the latter, whose colours are nearer to libjpeg's.

use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Fault, Shape};

/// The end and the start of every JPEG stream.
const MARKER_BYTES: usize = 2;
/// More pixels than this are only unpacked if they are wanted.
const MOST_PIXELS: usize = 16 << 20;

pub(super) fn unpack(
    packed: &[u8],
    tables: Option<&[u8]>,
    shape: Shape,
    out: &mut [u8],
) -> Result<(), Fault> {
    let damaged = |problem: String| Fault::Damaged(format!("are no valid JPEG stream: {problem}"));
    // Tables come as a stream of their own; without its end marker they continue into the data.
    let joined;
    let stream = match tables {
        Some(tables) if tables.len() > MARKER_BYTES && packed.len() > MARKER_BYTES => {
            joined = [
                &tables[..tables.len() - MARKER_BYTES],
                &packed[MARKER_BYTES..],
            ]
            .concat();
            &joined
        }
        _ => packed,
    };
    let options = DecoderOptions::default()
        .set_max_width(shape.width)
        .set_max_height(shape.rows.saturating_mul(2).max(1 << 13));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stream), options);
    decoder
        .decode_headers()
        .map_err(|error| damaged(format!("{error:?}")))?;
    let colours = decoder
        .input_colorspace()
        .ok_or_else(|| damaged("no colours".to_owned()))?;
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let info = decoder
        .info()
        .ok_or_else(|| damaged("no header".to_owned()))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    // A header may claim any height, and all of it is unpacked.
    let is_bounded = height <= shape.rows.saturating_mul(2) || width * height <= MOST_PIXELS;
    if width != shape.width
        || height < shape.rows
        || !is_bounded
        || colours.num_components() != shape.samples
    {
        return Err(damaged(format!(
            "it has {width} x {height} pixels of {} samples instead of {} x {} of {}",
            colours.num_components(),
            shape.width,
            shape.rows,
            shape.samples
        )));
    }
    let pixels = decoder
        .decode()
        .map_err(|error| damaged(format!("{error:?}")))?;
    let wanted = pixels
        .get(..out.len())
        .ok_or_else(|| damaged("it ends early".to_owned()))?;
    out.copy_from_slice(wanted);
    Ok(())
}
