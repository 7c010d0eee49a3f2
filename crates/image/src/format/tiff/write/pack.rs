//! Packing strips and tiles, and unpacking those that were just written.

use flate2::{Compress, FlushCompress, Status};
use weezl::BitOrder;

use super::plan::Plan;
use crate::format::tiff::codec::{Codec, Decoders, Fault, Shape};
use crate::format::tiff::page::Predictor;
use crate::format::tiff::predict::{float, horizontal, undo_float, undo_horizontal};
use crate::format::tiff::sample::Sample;

/// What most writers of Deflate and Zstandard use.
const DEFLATE_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// Encoders and buffers that a thread uses for one chunk after the other.
#[derive(Default)]
pub(super) struct Packer {
    deflate: Option<Compress>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    decoders: Decoders,
    spare: Vec<u8>,
}

impl Packer {
    /// Packs rows of interleaved samples, which are changed in the course.
    pub(super) fn pack<T: Sample>(
        &mut self,
        plan: &Plan,
        samples: &mut [T],
    ) -> std::io::Result<Vec<u8>> {
        let row = plan.chunk[1] * plan.samples;
        match plan.predictor {
            Predictor::None => {}
            Predictor::Horizontal => horizontal(samples, row, plan.samples),
            Predictor::Float => {
                let size = size_of::<T>();
                let bytes = bytemuck::cast_slice_mut(samples);
                float(bytes, row * size, plan.samples, size, &mut self.spare);
            }
        }
        if cfg!(target_endian = "big") && plan.predictor != Predictor::Float {
            for sample in samples.iter_mut() {
                *sample = sample.swapped();
            }
        }
        let bytes: &[u8] = bytemuck::cast_slice(samples);
        match plan.codec {
            Codec::Deflate => Ok(self.deflate(bytes)),
            Codec::Zstd => self.zstd(bytes),
            Codec::Lzw => weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
                .encode(bytes)
                .map_err(std::io::Error::other),
            _ => Ok(bytes.to_vec()),
        }
    }

    fn deflate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::new(DEFLATE_LEVEL);
        let encoder = self
            .deflate
            .get_or_insert_with(|| Compress::new(level, true));
        encoder.reset();
        let mut packed = Vec::with_capacity(bytes.len() / 2 + 1024);
        loop {
            let read = encoder.total_in() as usize;
            let status = encoder.compress_vec(&bytes[read..], &mut packed, FlushCompress::Finish);
            if matches!(status, Ok(Status::StreamEnd) | Err(_)) {
                return packed;
            }
            packed.reserve(bytes.len() / 2 + 1024);
        }
    }

    fn zstd(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let encoder = match &mut self.zstd {
            Some(encoder) => encoder,
            None => self.zstd.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        encoder.compress(bytes)
    }

    /// Unpacks what [`Packer::pack`] made.
    pub(super) fn unpack<T: Sample>(
        &mut self,
        plan: &Plan,
        packed: &[u8],
        samples: &mut [T],
    ) -> Result<(), Fault> {
        let row = plan.chunk[1] * plan.samples;
        let shape = Shape {
            width: plan.chunk[1],
            rows: samples.len() / row,
            samples: plan.samples,
        };
        let bytes = bytemuck::cast_slice_mut(samples);
        plan.codec
            .unpack(packed, None, shape, bytes, &mut self.decoders)?;
        if plan.predictor == Predictor::Float {
            let size = size_of::<T>();
            undo_float(bytes, row * size, plan.samples, size, &mut self.spare);
            return Ok(());
        }
        if cfg!(target_endian = "big") {
            for sample in samples.iter_mut() {
                *sample = sample.swapped();
            }
        }
        if plan.predictor == Predictor::Horizontal {
            undo_horizontal(samples, row, plan.samples);
        }
        Ok(())
    }
}
