//! The authenticators that a listener knows, in the order in which they are asked. One more is one
//! file below and one line in [`Authenticators::open`].

use schemars::JsonSchema;
use serde::Deserialize;

use super::jwks::JwksError;
use super::{Authenticator, Presented, Principal, Unidentified};

pub mod development;
pub mod jwt;

#[cfg(test)]
mod tests;

/// How callers may show who they are.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Plain bearer JWTs of one issuer.
    pub jwt: Option<jwt::Settings>,
}

/// Why the identity door does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Jwt(#[from] jwt::SettingsError),
    #[error(transparent)]
    Keys(#[from] JwksError),
    #[error("development mode proves nothing; start without it or without `jwt`")]
    DevelopmentBesideOthers,
}

/// An ordered list of authenticators. An empty one lets nobody in.
#[derive(Debug, Default)]
pub struct Authenticators(Vec<Box<dyn Authenticator>>);

impl Authenticators {
    pub fn new(authenticators: Vec<Box<dyn Authenticator>>) -> Self {
        Self(authenticators)
    }

    /// Opens what `settings` names, with first keys loaded. Must run inside a Tokio runtime: keys
    /// are refreshed in the background while the list lives.
    ///
    /// # Errors
    /// Settings that contradict a rule, or keys that cannot be loaded.
    pub async fn open(settings: &Settings, development: bool) -> Result<Self, OpenError> {
        let mut list: Vec<Box<dyn Authenticator>> = Vec::new();
        if let Some(settings) = &settings.jwt {
            list.push(Box::new(jwt::Jwt::open(settings.clone()).await?));
        }
        if development {
            if !list.is_empty() {
                return Err(OpenError::DevelopmentBesideOthers);
            }
            list.push(Box::new(development::Development));
        }
        Ok(Self(list))
    }

    /// Asks in order; the first that knows the kind of credential decides.
    ///
    /// # Errors
    /// A bad credential, or none of a known kind.
    pub async fn authenticate(&self, presented: &Presented<'_>) -> Result<Principal, Unidentified> {
        for authenticator in &self.0 {
            if let Some(principal) = authenticator.authenticate(presented).await? {
                return Ok(principal);
            }
        }
        Err(Unidentified::Missing)
    }
}
