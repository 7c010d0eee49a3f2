//! The one error of this crate: what went wrong, whose fault it is, and what to do.
//!
//! It knows none of the modules that raise it: each has an error type of its own and says beside it,
//! as a [`Fault`], what the user can do.

use std::fmt;

use coverslip_algorithms::{AlgorithmError, large::OutOfCoreError};
use coverslip_image::ImageError;
use coverslip_nets::NetworkError;

/// An error that a command can end with.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// What the user can do, where we know.
    fn hint(&self) -> Option<String>;

    /// Whether this program is at fault, and not what it was given.
    fn is_bug(&self) -> bool {
        false
    }
}

/// Why a command could not do its work: any [`Fault`], with its message and its source.
#[derive(Debug)]
pub struct Error {
    fault: Box<dyn Fault>,
}

impl Error {
    /// A fault of this program.
    pub fn bug(text: impl Into<String>) -> Self {
        Bug(text.into()).into()
    }

    /// What the user can do, where we know.
    pub fn hint(&self) -> Option<String> {
        self.fault.hint()
    }

    /// Whether the user can mend it; otherwise it is a fault of this program.
    pub fn is_users(&self) -> bool {
        !self.fault.is_bug()
    }

    /// The fault, if it is a `T`.
    pub fn downcast_ref<T: Fault>(&self) -> Option<&T> {
        let fault: &(dyn std::error::Error + 'static) = &*self.fault;
        fault.downcast_ref()
    }

    /// Whether the fault is a `T`.
    pub fn is<T: Fault>(&self) -> bool {
        self.downcast_ref::<T>().is_some()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(formatter)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The fault's message is this error's own, so the fault is not its source.
        self.fault.source()
    }
}

impl<F: Fault> From<F> for Error {
    fn from(fault: F) -> Self {
        Self {
            fault: Box::new(fault),
        }
    }
}

/// The user stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

impl Fault for Interrupted {
    fn hint(&self) -> Option<String> {
        None
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Bug(String);

impl Fault for Bug {
    fn hint(&self) -> Option<String> {
        None
    }

    fn is_bug(&self) -> bool {
        true
    }
}

impl Fault for ImageError {
    fn hint(&self) -> Option<String> {
        ImageError::hint(self)
    }
}

impl Fault for AlgorithmError {
    fn hint(&self) -> Option<String> {
        AlgorithmError::hint(self)
    }
}

/// Not a [`Fault`], so that an image larger than memory fails as one in memory does.
impl From<OutOfCoreError> for Error {
    fn from(error: OutOfCoreError) -> Self {
        match error {
            OutOfCoreError::Algorithm(error) => error.into(),
            OutOfCoreError::Image(error) => error.into(),
            other => Self::bug(other.to_string()),
        }
    }
}

impl Fault for NetworkError {
    fn hint(&self) -> Option<String> {
        Some("change the option; `coverslip networks NAME` describes those of a network".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("a fault")]
    struct Outer(#[source] Interrupted);

    impl Fault for Outer {
        fn hint(&self) -> Option<String> {
            Some("a remedy".to_owned())
        }
    }

    #[test]
    fn an_error_is_its_fault_in_other_clothes() {
        let error = Error::from(Outer(Interrupted));
        assert_eq!(error.to_string(), "a fault");
        assert_eq!(error.source().unwrap().to_string(), "interrupted");
        assert_eq!(error.hint().unwrap(), "a remedy");
        assert!(error.is_users());
        assert!(error.is::<Outer>() && !error.is::<Interrupted>());
    }

    #[test]
    fn only_a_bug_is_not_the_users() {
        let error = Error::bug("a slip");
        assert_eq!(error.to_string(), "a slip");
        assert!(!error.is_users() && error.hint().is_none() && error.source().is_none());
        assert!(Error::from(Interrupted).is_users());
    }
}
