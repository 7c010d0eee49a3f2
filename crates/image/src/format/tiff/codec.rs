//! Packing and unpacking strips and tiles.

mod fax;
mod jpeg;
mod packbits;

use std::panic::{AssertUnwindSafe, catch_unwind};

use flate2::{Decompress, FlushDecompress, Status};

use crate::format::lzw::{self, LzwFault};

/// How the strips or tiles of a page are packed, by the numbers of the compression field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Lzw,
    Deflate,
    PackBits,
    Zstd,
    Jpeg,
    Fax3,
    Fax4,
    /// One that is not read.
    Other(u64),
}

/// What a decoder needs to know beside the packed bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Pixels a row.
    pub(super) width: usize,
    pub(super) rows: usize,
    /// Samples a pixel.
    pub(super) samples: usize,
}

/// Why packed bytes cannot be unpacked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// They are damaged; says how, as the end of a sentence.
    Damaged(String),
    /// They use a feature that is not read.
    Unsupported(String),
}

/// Decoders and buffers that a thread uses again and again.
#[derive(Default)]
pub(super) struct Decoders {
    lzw: lzw::Decoder,
    deflate: Option<libdeflater::Decompressor>,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl Codec {
    pub(super) fn of(number: u64) -> Codec {
        match number {
            1 => Codec::None,
            3 => Codec::Fax3,
            4 => Codec::Fax4,
            5 => Codec::Lzw,
            7 => Codec::Jpeg,
            8 | 32946 => Codec::Deflate,
            32773 => Codec::PackBits,
            50000 => Codec::Zstd,
            other => Codec::Other(other),
        }
    }

    /// The number in the compression field.
    pub(super) fn number(self) -> u64 {
        match self {
            Codec::None => 1,
            Codec::Fax3 => 3,
            Codec::Fax4 => 4,
            Codec::Lzw => 5,
            Codec::Jpeg => 7,
            Codec::Deflate => 8,
            Codec::PackBits => 32773,
            Codec::Zstd => 50000,
            Codec::Other(number) => number,
        }
    }

    /// The usual name.
    pub(super) fn name(self) -> String {
        let name = match self {
            Codec::None => "none",
            Codec::Lzw => "lzw",
            Codec::Deflate => "deflate",
            Codec::PackBits => "packbits",
            Codec::Zstd => "zstd",
            Codec::Jpeg => "jpeg",
            Codec::Fax3 => "fax group 3",
            Codec::Fax4 => "fax group 4",
            Codec::Other(2) => "fax run lengths",
            Codec::Other(3) => "two-dimensional fax group 3",
            Codec::Other(6) => "old-style jpeg",
            Codec::Other(32809) => "thunderscan",
            Codec::Other(33003 | 33004 | 33005 | 34712) => "jpeg2000",
            Codec::Other(34676 | 34677) => "sgi log",
            Codec::Other(34887) => "lerc",
            Codec::Other(34925) => "lzma",
            Codec::Other(34933) => "png",
            Codec::Other(34934 | 22610) => "jpeg xr",
            Codec::Other(50001) => "webp",
            Codec::Other(50002 | 52546) => "jpeg xl",
            Codec::Other(number) => return format!("compression {number}"),
        };
        name.to_owned()
    }

    /// How many times its packed size data can have at most, for the codec's best case.
    pub(super) fn largest_ratio(self) -> u128 {
        match self {
            Codec::None => 1,
            Codec::PackBits => 64,
            Codec::Deflate => 1032,
            // A bit a block of 64 samples, six blocks for 256 pixels of three samples.
            Codec::Jpeg => 1100,
            Codec::Lzw => 2731,
            // Fax codes spend a bit on a blank row of any length, Zstandard 4 bytes on 128 KiB.
            _ => 1 << 16,
        }
    }

    /// Unpacks into the whole of `out`: rows of samples as they are in the file.
    pub(super) fn unpack(
        self,
        packed: &[u8],
        tables: Option<&[u8]>,
        shape: Shape,
        out: &mut [u8],
        decoders: &mut Decoders,
    ) -> Result<(), Fault> {
        match self {
            Codec::None => {
                out.copy_from_slice(packed.get(..out.len()).ok_or_else(ends_early)?);
                Ok(())
            }
            Codec::Lzw => decoders.lzw(packed, out),
            Codec::Deflate => decoders.deflate(packed, out),
            Codec::PackBits => packbits::unpack(packed, out),
            Codec::Zstd => decoders.zstd(packed, out),
            Codec::Jpeg => guarded(|| jpeg::unpack(packed, tables, shape, out)),
            Codec::Fax3 => guarded(|| fax::unpack_group_3(packed, shape, out)),
            Codec::Fax4 => guarded(|| fax::unpack_group_4(packed, shape, out)),
            Codec::Other(_) => Err(Fault::Unsupported(format!("{} compression", self.name()))),
        }
    }
}

/// Runs a decoder so that a panic inside it, which hostile files may yet find, becomes a fault.
fn guarded(step: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
    catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(Fault::Damaged("are not what they should be".to_owned())))
}

fn ends_early() -> Fault {
    Fault::Damaged("end before its last pixel".to_owned())
}

fn corrupt(codec: &str) -> Fault {
    Fault::Damaged(format!("are no valid {codec} stream"))
}

impl Decoders {
    fn lzw(&mut self, packed: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        if packed.first() == Some(&0) && packed.get(1).is_some_and(|byte| byte & 1 == 1) {
            return Err(Fault::Unsupported("old-style LZW compression".to_owned()));
        }
        self.lzw.unpack(packed, out).map_err(|fault| match fault {
            LzwFault::EndsEarly => ends_early(),
            LzwFault::Corrupt => corrupt("LZW"),
            LzwFault::TooLong(bytes) => {
                Fault::Unsupported(format!("LZW data of {bytes} bytes in one piece"))
            }
        })
    }

    fn deflate(&mut self, packed: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        let decoder = self
            .deflate
            .get_or_insert_with(libdeflater::Decompressor::new);
        match decoder.zlib_decompress(packed, out) {
            Ok(written) if written == out.len() => Ok(()),
            Ok(_) => Err(ends_early()),
            // Streams that go on, or are damaged, behind the last pixel are read nevertheless.
            Err(_) => deflate_stream(packed, out),
        }
    }

    fn zstd(&mut self, packed: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        if self.zstd.is_none() {
            self.zstd = zstd::bulk::Decompressor::new().ok();
        }
        let decoder = self.zstd.as_mut().ok_or_else(|| corrupt("Zstandard"))?;
        match decoder.decompress_to_buffer(packed, out) {
            Ok(written) if written == out.len() => Ok(()),
            Ok(_) => Err(ends_early()),
            Err(_) => Err(corrupt("Zstandard")),
        }
    }
}

/// Unpacks the begin of a Deflate stream.
fn deflate_stream(packed: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    let mut decoder = Decompress::new(true);
    loop {
        let (read, written) = (decoder.total_in() as usize, decoder.total_out() as usize);
        if written == out.len() {
            return Ok(());
        }
        let status = decoder
            .decompress(&packed[read..], &mut out[written..], FlushDecompress::None)
            .map_err(|_| corrupt("Deflate"))?;
        let is_stuck =
            decoder.total_in() as usize == read && decoder.total_out() as usize == written;
        let is_full = decoder.total_out() as usize == out.len();
        if !is_full && (is_stuck || status == Status::StreamEnd) {
            return Err(ends_early());
        }
    }
}
