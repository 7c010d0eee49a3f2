//! One chunk: from the bytes of a file to samples and back.

use std::borrow::Cow;

use half::f16;

use super::{ArrayMetadata, Stored};

impl ArrayMetadata {
    /// The samples of a chunk in the byte order of this machine and the order of axes of the file.
    pub(in crate::format::zarr) fn decode(&self, mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        let needed = self.chunk_bytes();
        // What is packed twice may be a little larger in between.
        let between = needed.saturating_add(needed / 8).saturating_add(1 << 16);
        for (step, codec) in self.codecs.iter().enumerate().rev() {
            bytes = codec.decode(bytes, if step == 0 { needed } else { between })?;
        }
        if bytes.len() != needed {
            return Err(format!(
                "holds {} bytes of samples, a chunk of {:?} has {needed}",
                bytes.len(),
                self.chunk
            ));
        }
        if self.order.is_big_endian != cfg!(target_endian = "big") {
            reverse_each(&mut bytes, self.stored.bytes());
        }
        match self.stored {
            Stored::As(_) => {}
            Stored::Bool => bytes
                .iter_mut()
                .for_each(|byte| *byte = u8::from(*byte != 0)),
            Stored::Half => {
                let halves = bytes.as_chunks().0.iter();
                bytes = halves
                    .flat_map(|half| f16::from_ne_bytes(*half).to_f32().to_ne_bytes())
                    .collect();
            }
        }
        Ok(bytes)
    }

    /// The bytes of the file of samples in the byte order of this machine, little-endian.
    pub(in crate::format::zarr) fn encode(&self, samples: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = Cow::Borrowed(samples);
        if cfg!(target_endian = "big") {
            reverse_each(bytes.to_mut(), self.stored.bytes());
        }
        for codec in &self.codecs {
            bytes = Cow::Owned(codec.encode(&bytes)?);
        }
        Ok(bytes.into_owned())
    }

    /// More bytes than this no file of a chunk has.
    pub(in crate::format::zarr) fn most_packed(&self) -> u64 {
        self.chunk_bytes() as u64 * 2 + (1 << 20)
    }
}

/// Reverses the bytes of each sample.
fn reverse_each(bytes: &mut [u8], size: usize) {
    match size {
        1 => {}
        2 => bytes
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .for_each(|sample| sample.reverse()),
        4 => bytes
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .for_each(|sample| sample.reverse()),
        _ => bytes
            .as_chunks_mut::<8>()
            .0
            .iter_mut()
            .for_each(|sample| sample.reverse()),
    }
}
