//! Files of weights that other programs wrote: PyTorch's checkpoints and safetensors.
//!
//! Nothing that a file asks for is run. A checkpoint's pickle is a program; of its instructions only
//! those that describe tensors and plain containers are followed.

mod choice;
mod contents;
mod error;
mod numbers;
mod safetensors;
mod torch;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use burn::tensor::TensorData;
use coverslip_nets::{
    AnyNetwork,
    weights::{self, LoadReport, is_no_weight},
};
use sha2::{Digest, Sha256};

pub use choice::Choice;
use contents::Contents;
pub use error::WeightsFileError;

use crate::weights::state_dict::StateDict;

/// How many numbers a byte of a file may stand for. An honest file stores a number in a byte or more,
/// and a few names may share it; one that unpacks to more than this is made to fill the memory.
const NUMBERS_PER_BYTE: u64 = 4;
/// Bytes at the start of a file that tell what it is.
const HEAD_BYTES: u64 = 512;

/// The weights of one network out of a file.
#[derive(Clone, Debug)]
pub struct WeightsFile {
    /// Its tensors as 32-bit numbers, under the names of the network.
    pub weights: StateDict,
    /// Names among the chosen ones that the network has no tensor for.
    pub left_over: Vec<String>,
    /// Where in the file they were, and what was taken off their names.
    pub choice: Choice,
    /// Dictionaries at the top of the file that hold tensors, when all of them were used.
    pub parts: Vec<String>,
    /// Tensors beside the chosen ones.
    pub set_aside: Vec<String>,
    /// SHA-256 of the file.
    pub sha256: String,
}

impl WeightsFile {
    /// Gives a network its tensors, and says what became of each.
    pub fn load(&self, network: AnyNetwork) -> (AnyNetwork, LoadReport) {
        let (network, mut report) = weights::load(network, &self.weights);
        report.unexpected.extend(self.left_over.iter().cloned());
        (network, report)
    }
}

/// Names and shapes of the tensors of a file; none is read yet.
pub struct OpenFile {
    path: PathBuf,
    contents: Contents,
}

impl OpenFile {
    /// Opens a file of weights, whatever its name ends in.
    ///
    /// # Errors
    ///
    /// When it is no such file, is damaged, asks to run code, or unpacks to more than it can hold.
    pub fn open(path: &Path) -> Result<Self, WeightsFileError> {
        let unreadable = |source| WeightsFileError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(WeightsFileError::Folder {
                path: path.to_owned(),
            });
        }
        let mut head = Vec::new();
        file.take(HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(unreadable)?;
        let contents = if safetensors::is_this(&head) {
            safetensors::open(path)?
        } else {
            torch::open(path, &head)?
        };
        contents.check_size(path)?;
        Ok(Self {
            path: path.to_owned(),
            contents,
        })
    }

    /// Whether kernels are those of a 3D network.
    pub fn is_3d(&self) -> bool {
        self.contents
            .tensors
            .values()
            .any(|tensor| tensor.shape.len() == 5)
    }

    /// Reads the tensors for a network whose tensors have the names `expected`, and no others.
    ///
    /// # Errors
    ///
    /// When nothing or several things fit `choice`, or a tensor is damaged or not finite.
    pub fn read(
        &self,
        choice: &Choice,
        expected: &dyn Fn(&str) -> bool,
    ) -> Result<WeightsFile, WeightsFileError> {
        let chosen = choice::choose(&self.path, &self.contents, choice, expected)?;
        let (known, others): (Vec<_>, Vec<_>) =
            chosen.names.iter().partition(|(name, _)| expected(name));
        let mut weights = StateDict::new();
        for (name, full) in known {
            weights.insert(name.clone(), self.tensor(full)?);
        }
        let left_over = others.into_iter().map(|(name, _)| name);
        Ok(WeightsFile {
            weights,
            left_over: left_over
                .filter(|name| !is_no_weight(name))
                .cloned()
                .collect(),
            parts: match chosen.choice.key {
                Some(_) => Vec::new(),
                None => self.contents.groups.clone(),
            },
            choice: chosen.choice,
            set_aside: chosen.set_aside,
            sha256: self.fingerprint()?,
        })
    }

    fn tensor(&self, full: &str) -> Result<TensorData, WeightsFileError> {
        let tensor = &self.contents.tensors[full];
        let values = (tensor.read)().map_err(|problem| WeightsFileError::Tensor {
            path: self.path.clone(),
            tensor: full.to_owned(),
            problem,
        })?;
        let wrong = values.iter().filter(|value| !value.is_finite()).count();
        if wrong > 0 {
            return Err(WeightsFileError::NotFinite {
                path: self.path.clone(),
                tensor: full.to_owned(),
                wrong,
                total: values.len(),
            });
        }
        Ok(TensorData::new(values, tensor.shape.clone()))
    }

    /// The shapes of the tensors that [`Self::read`] would give.
    ///
    /// # Errors
    ///
    /// As [`Self::read`], without reading.
    pub fn shapes(
        &self,
        choice: &Choice,
        expected: &dyn Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Vec<usize>>, WeightsFileError> {
        let chosen = choice::choose(&self.path, &self.contents, choice, expected)?;
        let shape = |full: &String| self.contents.tensors[full].shape.clone();
        let names = chosen.names.iter();
        Ok(names
            .map(|(name, full)| (name.clone(), shape(full)))
            .collect())
    }

    fn fingerprint(&self) -> Result<String, WeightsFileError> {
        let failed = |source| WeightsFileError::Io {
            path: self.path.clone(),
            source,
        };
        let mut hasher = Sha256::new();
        let mut file = File::open(&self.path).map_err(failed)?;
        std::io::copy(&mut file, &mut hasher).map_err(failed)?;
        Ok(format!("{:x}", hasher.finalize()))
    }
}
