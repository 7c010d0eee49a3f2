//! What can go wrong, from the outside: the exact words on standard error and the exit code.
//! Beside it what looks like a fault but must work, and what a stop may not damage.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

#[path = "../cli/command.rs"]
mod command;
mod configs;
mod devices;
mod files;
mod folders;
mod interrupts;
mod packages;
mod pairs;
mod predictions;
mod resumption;
mod study;
mod values;
