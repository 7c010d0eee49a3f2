//! Feature maps and the operations on them.
