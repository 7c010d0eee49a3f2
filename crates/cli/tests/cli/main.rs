//! The command from the outside: exit codes, and the exact words on both streams.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod command;
mod configs;
mod evaluations;
mod images;
mod machine;
mod objects;
mod remote;
mod steps;
