//! Numbers of files of weights as 32-bit floats.

use half::{bf16, f16};
use safetensors::Dtype;

/// Numbers of any type as 32-bit ones, from bytes in the order of the machine; `None` for a type that
/// weights do not have.
pub(super) fn to_f32(kind: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match kind {
        Dtype::F32 => each(bytes, f32::from_ne_bytes),
        Dtype::F64 => each(bytes, |value| f64::from_ne_bytes(value) as f32),
        Dtype::F16 => each(bytes, |value| f16::from_ne_bytes(value).to_f32()),
        Dtype::BF16 => each(bytes, |value| bf16::from_ne_bytes(value).to_f32()),
        Dtype::I64 => each(bytes, |value| i64::from_ne_bytes(value) as f32),
        Dtype::I32 => each(bytes, |value| i32::from_ne_bytes(value) as f32),
        Dtype::I16 => each(bytes, |value| f32::from(i16::from_ne_bytes(value))),
        Dtype::I8 => each(bytes, |value| f32::from(i8::from_ne_bytes(value))),
        Dtype::U64 => each(bytes, |value| u64::from_ne_bytes(value) as f32),
        Dtype::U32 => each(bytes, |value| u32::from_ne_bytes(value) as f32),
        Dtype::U16 => each(bytes, |value| f32::from(u16::from_ne_bytes(value))),
        Dtype::U8 => each(bytes, |[value]| f32::from(value)),
        Dtype::BOOL => each(bytes, |[value]| f32::from(u8::from(value != 0))),
        _ => return None,
    })
}

fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks();
    numbers.iter().map(|&bytes| number(bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read() {
        let cases: [(Dtype, Vec<u8>); 8] = [
            (Dtype::F32, (-2.5f32).to_ne_bytes().to_vec()),
            (Dtype::F64, (-2.5f64).to_ne_bytes().to_vec()),
            (Dtype::F16, f16::from_f32(-2.5).to_ne_bytes().to_vec()),
            (Dtype::BF16, bf16::from_f32(-2.5).to_ne_bytes().to_vec()),
            (Dtype::I64, (-3i64).to_ne_bytes().to_vec()),
            (Dtype::I8, (-3i8).to_ne_bytes().to_vec()),
            (Dtype::U16, 65_535u16.to_ne_bytes().to_vec()),
            (Dtype::BOOL, vec![7]),
        ];
        let values = cases.map(|(kind, bytes)| to_f32(kind, &bytes).unwrap());
        let expected = [-2.5, -2.5, -2.5, -2.5, -3.0, -3.0, 65_535.0, 1.0];
        assert_eq!(values.concat(), expected);
        assert_eq!(to_f32(Dtype::F8_E4M3, &[0]), None);
    }
}
