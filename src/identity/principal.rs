//! Who calls. Made only by an authenticator, from what was proved and never from what was stated.

use std::fmt;

/// How the caller showed who it is. A shared secret has no variant, so it can have no
/// authenticator.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Proof {
    /// Nothing was proved: a loopback listener in development mode.
    Development,
    /// The kernel named the user at the other end of a Unix socket or pipe.
    Local,
    /// A plain bearer token of short life. Foundation only: it never suffices for a tool of risk
    /// high or critical.
    Bearer,
}

impl Proof {
    /// The name that policies and records use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Local => "local",
            Self::Bearer => "bearer",
        }
    }
}

/// An authenticated caller. Fields that its proof does not fill are empty.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Principal {
    /// The agent's lasting name, `issuer|subject` or `local:<uid>`.
    pub agent: String,
    /// One running instance of the agent.
    pub instance: Option<String>,
    /// The person on whose behalf the agent acts.
    pub user: Option<String>,
    /// The chain of actors between user and agent, outermost first.
    pub actors: Vec<String>,
    pub groups: Vec<String>,
    pub proof: Proof,
    /// The attestation level that the proof carries, if any.
    pub attestation: Option<String>,
    /// The run, from an authenticated source only: taint and approvals belong to it.
    pub run: Option<String>,
}

impl Principal {
    pub fn new(agent: impl Into<String>, proof: Proof) -> Self {
        Self {
            agent: agent.into(),
            instance: None,
            user: None,
            actors: Vec::new(),
            groups: Vec::new(),
            proof,
            attestation: None,
            run: None,
        }
    }

    /// Whether both are the same party in the same run. An instance may change with each token,
    /// so it never decides whose session, task or approval something is.
    pub fn is_same_party(&self, other: &Self) -> bool {
        self.agent == other.agent && self.user == other.user && self.run == other.run
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.agent)?;
        match &self.user {
            Some(user) => write!(formatter, " for {user}"),
            None => Ok(()),
        }
    }
}
