//! The devices that networks can be computed on.

use burn::tensor::{Device, DeviceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::Fault;

/// A kind of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics card of NVIDIA; for programs built with `--features cuda`.
    Cuda,
    /// A graphics card of AMD, on Linux; for programs built with `--features rocm`.
    Rocm,
    /// Any graphics card through Vulkan, Metal or DirectX 12; for programs built with
    /// `--features wgpu`.
    Wgpu,
}

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// This program was built without it.
    #[error("this program was built without the device `{}`", kind.word())]
    NotBuilt {
        /// The device.
        kind: DeviceKind,
    },
    /// This machine has none.
    #[error("this machine has no device for `{}`, or no driver that offers one", kind.word())]
    NotFound {
        /// The device.
        kind: DeviceKind,
    },
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Cuda, Self::Rocm, Self::Wgpu];

    /// The word for it in configs and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
            Self::Wgpu => "wgpu",
        }
    }

    /// Which devices there are of the kind; `None` where this program was built without it.
    fn device_type(self) -> Option<DeviceType> {
        match self {
            Self::Cpu => Some(DeviceType::Flex),
            #[cfg(feature = "cuda")]
            Self::Cuda => Some(DeviceType::Cuda),
            #[cfg(feature = "rocm")]
            Self::Rocm => Some(DeviceType::Rocm),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Some(DeviceType::Wgpu),
            #[allow(unreachable_patterns, reason = "depends on the features")]
            _ => None,
        }
    }

    /// How many devices of the kind this machine has; `None` where this program was built without
    /// the kind.
    pub fn count(self) -> Option<usize> {
        let devices = Device::enumerate(self.device_type()?);
        Some(devices.into_iter().count())
    }

    /// The first device of the kind.
    ///
    /// # Errors
    ///
    /// When this program or this machine has none.
    pub fn open(self) -> Result<Device, DeviceError> {
        let kind = self
            .device_type()
            .ok_or(DeviceError::NotBuilt { kind: self })?;
        let first = Device::enumerate(kind).into_iter().next();
        first.ok_or(DeviceError::NotFound { kind: self })
    }
}

impl Fault for DeviceError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotBuilt { kind } => format!(
                "build it with `cargo build --release -p coverslip-cli --features {}`, or choose \
                 another device; `coverslip doctor` lists those of this program",
                kind.word()
            ),
            Self::NotFound { kind } => {
                let needed = match kind {
                    DeviceKind::Cpu | DeviceKind::Wgpu => "the driver of the graphics card",
                    DeviceKind::Cuda => "NVIDIA's driver and the CUDA toolkit",
                    DeviceKind::Rocm => "AMD's driver and ROCm",
                };
                format!("install {needed}, or choose the device `cpu`")
            }
        })
    }
}

/// A kind of device that this program can use, and how many of it this machine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceListing {
    /// The kind.
    pub kind: DeviceKind,
    /// Devices of the kind on this machine.
    pub found: usize,
}

/// Every kind of device compiled in.
pub fn compiled_in() -> Vec<DeviceListing> {
    let listing = |kind: DeviceKind| {
        let found = kind.count()?;
        Some(DeviceListing { kind, found })
    };
    DeviceKind::ALL.into_iter().filter_map(listing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there() {
        let cpu = DeviceListing {
            kind: DeviceKind::Cpu,
            found: 1,
        };
        assert_eq!(compiled_in()[0], cpu);
        assert_eq!(DeviceKind::Cpu.open(), Ok(Device::flex()));
    }

    #[test]
    fn what_is_not_there_says_what_to_do() {
        for kind in DeviceKind::ALL {
            let count = kind.count();
            let error = match (count, kind.open()) {
                (Some(1..), opened) => {
                    assert!(opened.is_ok(), "{opened:?}");
                    continue;
                }
                (_, opened) => opened.unwrap_err(),
            };
            let expected = match count {
                None => DeviceError::NotBuilt { kind },
                Some(_) => DeviceError::NotFound { kind },
            };
            assert_eq!(error, expected);
            assert!(error.to_string().contains(kind.word()));
            assert!(!error.hint().unwrap().is_empty());
        }
    }
}
