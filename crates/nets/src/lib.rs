//! Networks and losses.
