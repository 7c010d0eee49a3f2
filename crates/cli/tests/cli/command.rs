//! Runs the command in a folder of its own.

use std::{path::Path, process::Command};

use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_coverslip");

/// A folder for one test, in which the command runs.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What a run of the command left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Bench {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    /// Runs `coverslip` with arguments; the folder's path becomes `DIR` in what it prints.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, &[])
    }

    /// The same with variables of the environment.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let mut command = Command::new(PROGRAM);
        command.envs(variables.iter().copied());
        command.args(arguments).current_dir(self.path());
        command
            .env_remove("COVERSLIP_THREADS")
            .env_remove("RUST_BACKTRACE")
            .env("COLUMNS", "100");
        let output = command.output().unwrap();
        let real = self.path().canonicalize().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(real.to_str().unwrap(), "DIR")
        };
        Outcome {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The whole outcome as one text.
    pub(crate) fn transcript(&self, arguments: &[&str]) -> String {
        let Outcome {
            code,
            stdout,
            stderr,
        } = self.run(arguments);
        let text = format!("exit {code}\n----- stdout\n{stdout}----- stderr\n{stderr}");
        // The list of networks grows.
        text.replace(&networks(), "NETWORKS")
    }
}

/// The names of all networks, as messages list them.
fn networks() -> String {
    let registry = coverslip::registry::Registry::builtin().unwrap();
    registry.networks.names().collect::<Vec<_>>().join(", ")
}

impl Outcome {
    /// The last line on standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.stdout.lines().last().unwrap_or_default()).unwrap()
    }
}
