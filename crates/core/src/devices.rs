//! The devices that tensors can live on.

use burn::tensor::{Device, DeviceType};
use serde::Serialize;

/// A kind of device that this build can use, and how many of it this machine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceListing {
    /// The name of the kind.
    pub name: &'static str,
    /// Devices of the kind on this machine.
    pub found: usize,
}

/// Every kind of device compiled in.
pub fn compiled_in() -> Vec<DeviceListing> {
    let count = |kind: DeviceType| Device::enumerate(kind).into_iter().count();
    vec![DeviceListing {
        name: "CPU (flex)",
        found: count(DeviceType::Flex),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(
            compiled_in()[0],
            DeviceListing {
                name: "CPU (flex)",
                found: 1
            }
        );
    }
}
