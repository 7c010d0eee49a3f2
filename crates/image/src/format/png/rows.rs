//! The rows of a file in the order in which they are packed, the last ones kept.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader};

use png::{DecodingError, Reader};

/// How many bytes of packed rows are kept for reads that go back.
const KEPT_BYTES: usize = 64 << 20;

/// A place in a file between two rows, and the rows before it.
pub(super) struct Rows {
    reader: Reader<BufReader<File>>,
    /// The row that the decoder gives next.
    next: usize,
    /// The rows before `next`, as packed in the file.
    kept: VecDeque<Vec<u8>>,
    most: usize,
    height: usize,
}

impl Rows {
    /// Starts before the first row; an interlaced file, whose rows are spread over it, is decoded
    /// whole.
    pub(super) fn new(mut reader: Reader<BufReader<File>>) -> Result<Rows, DecodingError> {
        let (width, height) = reader.info().size();
        let row_bytes = reader.output_line_size(width).unwrap_or(usize::MAX).max(1);
        let height = height as usize;
        let (mut next, mut kept) = (0, VecDeque::new());
        if reader.info().interlaced {
            let mut whole = vec![0; row_bytes.saturating_mul(height)];
            reader.next_frame(&mut whole)?;
            kept = whole.chunks_exact(row_bytes).map(<[u8]>::to_vec).collect();
            next = height;
        }
        Ok(Rows {
            reader,
            most: (KEPT_BYTES / row_bytes).max(1).max(kept.len()),
            next,
            kept,
            height,
        })
    }

    /// Whether a row can be had without starting again.
    pub(super) fn reaches(&self, row: usize) -> bool {
        row + self.kept.len() >= self.next
    }

    /// A row as it is packed in the file. The caller has checked that it is within reach.
    pub(super) fn row(&mut self, row: usize) -> Result<&[u8], DecodingError> {
        while self.next <= row {
            let spare = if self.kept.len() == self.most {
                self.kept.pop_front()
            } else {
                None
            };
            let mut packed = spare.unwrap_or_default();
            packed.clear();
            let decoded = self.reader.next_row()?.ok_or(io::ErrorKind::UnexpectedEof);
            packed.extend_from_slice(decoded.map_err(io::Error::from)?.data());
            self.kept.push_back(packed);
            self.next += 1;
            if self.next == self.height {
                self.check_end()?;
            }
        }
        let first = self.next - self.kept.len();
        Ok(&self.kept[row - first])
    }

    /// Reads what stands behind the last row, such as a checksum. A missing end mark is no fault.
    fn check_end(&mut self) -> Result<(), DecodingError> {
        match self.reader.finish() {
            Err(DecodingError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Ok(())
            }
            other => other,
        }
    }
}
