//! Packing strips and tiles, and unpacking those that were just written.

use libdeflater::{CompressionLvl, Compressor};

use super::plan::Plan;
use crate::format::lzw::Encoder as LzwEncoder;
use crate::format::tiff::codec::{Codec, Decoders, Fault, Shape};
use crate::format::tiff::page::Predictor;
use crate::format::tiff::predict::{float, horizontal, undo_float, undo_horizontal};
use crate::format::tiff::sample::Sample;

/// What most writers of Deflate and Zstandard use.
const DEFLATE_LEVEL: i32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// Encoders and buffers that a thread uses for one chunk after the other.
pub(super) struct Packer<T> {
    lzw: Option<LzwEncoder>,
    deflate: Option<Compressor>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    decoders: Decoders,
    spare: Vec<u8>,
    /// The samples of the chunk at hand.
    pub(super) samples: Vec<T>,
}

impl<T> Default for Packer<T> {
    fn default() -> Self {
        Packer {
            lzw: None,
            deflate: None,
            zstd: None,
            decoders: Decoders::default(),
            spare: Vec::new(),
            samples: Vec::new(),
        }
    }
}

impl<T: Sample> Packer<T> {
    /// Packs rows of interleaved samples, which are changed in the course.
    pub(super) fn pack(&mut self, plan: &Plan, samples: &mut [T]) -> std::io::Result<Vec<u8>> {
        self.prepare(plan, samples);
        let bytes: &[u8] = bytemuck::cast_slice(samples);
        match plan.codec {
            Codec::Deflate => self.deflate(bytes),
            Codec::Zstd => self.zstd(bytes),
            Codec::Lzw => Ok(self.lzw.get_or_insert_default().pack(bytes)),
            _ => Ok(bytes.to_vec()),
        }
    }

    /// Brings samples into the order and the differences that the file has.
    pub(super) fn prepare(&mut self, plan: &Plan, samples: &mut [T]) {
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
    }

    fn deflate(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let encoder = if let Some(encoder) = &mut self.deflate {
            encoder
        } else {
            let level = CompressionLvl::new(DEFLATE_LEVEL);
            let level = level.map_err(|_| std::io::Error::other("no such level of Deflate"))?;
            self.deflate.insert(Compressor::new(level))
        };
        self.spare
            .resize(encoder.zlib_compress_bound(bytes.len()), 0);
        let length = encoder
            .zlib_compress(bytes, &mut self.spare)
            .map_err(std::io::Error::other)?;
        Ok(self.spare[..length].to_vec())
    }

    fn zstd(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let encoder = match &mut self.zstd {
            Some(encoder) => encoder,
            None => self.zstd.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        encoder.compress(bytes)
    }

    /// Unpacks what [`Packer::pack`] made.
    pub(super) fn unpack(
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
