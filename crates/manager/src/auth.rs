//! Who calls: passwords, secrets of sessions and tokens.

pub mod password;
pub mod secret;
