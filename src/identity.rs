//! Who calls: turns what a peer shows into a [`Principal`], or refuses.

mod principal;

pub use principal::{Principal, Proof};
