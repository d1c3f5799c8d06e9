//! Who calls: turns what a peer shows into a [`Principal`], or refuses.

pub mod authenticator;
pub mod authenticators;
pub mod jwks;
pub mod metadata;
mod principal;
mod run;

#[cfg(test)]
mod fixture;

pub use authenticator::{Authenticator, Presented, Unidentified};
pub use authenticators::Authenticators;
pub use principal::{Principal, Proof};
