//! Fax codes of ITU-T T.4 (group 3, one-dimensional) and T.6 (group 4). Black is 1.

use std::convert::Infallible;

use fax::decoder::{DecodeStatus, Group3Decoder, Group4Decoder};

use super::{Fault, Shape, corrupt, ends_early};

/// Unpacks rows of bits; rows that are missing at the end are white.
pub(super) fn unpack_group_3(packed: &[u8], shape: Shape, out: &mut [u8]) -> Result<(), Fault> {
    width(shape)?;
    let bytes = packed.iter().map(|&byte| Ok::<u8, Infallible>(byte));
    let mut decoder = Group3Decoder::new(bytes).map_err(|_| corrupt("fax group 3"))?;
    let rows = out.chunks_exact_mut(shape.width.div_ceil(8));
    let last = rows.len() - 1;
    for (number, row) in rows.enumerate() {
        // The last row may lack the code for the end of a row.
        let status = match decoder.advance() {
            Err(_) if number < last => return Err(ends_early()),
            status => status.unwrap_or(DecodeStatus::End),
        };
        fill(row, shape.width, decoder.transitions());
        if status == DecodeStatus::End {
            break;
        }
    }
    Ok(())
}

/// Unpacks rows of bits; rows that are missing at the end are white.
pub(super) fn unpack_group_4(packed: &[u8], shape: Shape, out: &mut [u8]) -> Result<(), Fault> {
    let bytes = packed.iter().map(|&byte| Ok::<u8, Infallible>(byte));
    let fault = || corrupt("fax group 4");
    let mut decoder = Group4Decoder::new(bytes, width(shape)?).map_err(|_| fault())?;
    for row in out.chunks_exact_mut(shape.width.div_ceil(8)) {
        match decoder.advance().map_err(|_| fault())? {
            DecodeStatus::End => break,
            DecodeStatus::Incomplete => fill(row, shape.width, decoder.transition()),
        }
    }
    Ok(())
}

fn width(shape: Shape) -> Result<u16, Fault> {
    u16::try_from(shape.width)
        .map_err(|_| Fault::Unsupported(format!("fax rows of {} pixels", shape.width)))
}

/// Sets the bits of the black runs; the colour changes at each of the positions, from white.
fn fill(row: &mut [u8], width: usize, changes: &[u16]) {
    row.fill(0);
    for run in changes.chunks(2) {
        let start = usize::from(run[0]);
        let end = run.get(1).map_or(width, |&end| usize::from(end)).min(width);
        for x in start..end {
            row[x / 8] |= 0x80 >> (x % 8);
        }
    }
}
