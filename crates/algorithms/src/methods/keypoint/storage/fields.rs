//! Fields of the header.

use super::KeypointError;
use crate::methods::keypoint::{Kernel, Optics};

/// Reads fields one after the other.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn take(
        &mut self,
        count: usize,
        part: &'static str,
    ) -> Result<&'a [u8], KeypointError> {
        let split = self.rest.split_at_checked(count);
        let (taken, rest) = split.ok_or(KeypointError::Truncated { part })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self, part: &'static str) -> Result<u8, KeypointError> {
        Ok(self.take(1, part)?[0])
    }

    pub(super) fn number(&mut self, part: &'static str) -> Result<usize, KeypointError> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte(part)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let fits = usize::try_from(number);
                return fits.map_err(|_| KeypointError::field(part, number, "a smaller number"));
            }
        }
        Err(KeypointError::field(
            part,
            "longer than 9 bytes",
            "a shorter number",
        ))
    }

    pub(super) fn float(&mut self, part: &'static str) -> Result<f64, KeypointError> {
        let bytes = self.take(8, part)?;
        Ok(f64::from_le_bytes(bytes.try_into().unwrap_or_default()))
    }

    pub(super) fn end(&self) -> Result<(), KeypointError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let got = format!("{} bytes long", self.rest.len());
        Err(KeypointError::field(
            "what follows the content",
            got,
            "nothing",
        ))
    }

    pub(super) fn kernel(&mut self) -> Result<Option<Kernel>, KeypointError> {
        let part = "kernel";
        let kernel = match self.byte(part)? {
            0 => return Ok(None),
            1 => Kernel::Mean {
                size: self.number(part)?,
            },
            2 => Kernel::Gaussian {
                size: self.number(part)?,
                sigma: Some(self.float(part)?).filter(|sigma| !sigma.is_nan()),
            },
            3 => Kernel::Airy(self.optics()?),
            4 => Kernel::AiryGaussian(self.optics()?),
            other => return Err(KeypointError::field("the kernel's number", other, "0 to 4")),
        };
        Ok(Some(kernel))
    }

    fn optics(&mut self) -> Result<Optics, KeypointError> {
        let part = "kernel";
        Ok(Optics {
            size: Some(self.number(part)?).filter(|&size| size > 0),
            na: self.float(part)?,
            wavelength_um: self.float(part)?,
            pixel_um: self.float(part)?,
        })
    }
}

/// A size or sigma that is not given is 0 or NaN.
pub(super) fn push_kernel(bytes: &mut Vec<u8>, kernel: Option<&Kernel>) {
    let floats = |bytes: &mut Vec<u8>, values: &[f64]| {
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    };
    let (number, size, values) = match kernel {
        None => {
            bytes.push(0);
            return;
        }
        Some(Kernel::Mean { size }) => (1, *size, vec![]),
        Some(Kernel::Gaussian { size, sigma }) => (2, *size, vec![sigma.unwrap_or(f64::NAN)]),
        Some(Kernel::Airy(optics)) => (3, optics.size.unwrap_or(0), optics_values(optics)),
        Some(Kernel::AiryGaussian(optics)) => (4, optics.size.unwrap_or(0), optics_values(optics)),
    };
    bytes.push(number);
    super::gaps::push_varint(bytes, size as u64);
    floats(bytes, &values);
}

fn optics_values(optics: &Optics) -> Vec<f64> {
    vec![optics.na, optics.wavelength_um, optics.pixel_um]
}
