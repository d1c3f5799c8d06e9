//! What can go wrong on the far side, told so that nobody mistakes it for our own refusal.

/// Why an upstream gave no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error("`{upstream}` is not connected: {why}")]
    Down { upstream: String, why: String },
    #[error("`{upstream}` closed the connection before it answered")]
    Closed { upstream: String },
    #[error("`{upstream}` gave no answer within {seconds} s")]
    TimedOut { upstream: String, seconds: u64 },
    #[error("`{upstream}` answered what is no valid message: {why}")]
    Garbage { upstream: String, why: String },
    #[error("`{upstream}` answered with HTTP status {status}")]
    Status { upstream: String, status: u16 },
    #[error("the call to `{upstream}` was cancelled")]
    Cancelled { upstream: String },
    #[error("`{upstream}` wants a login: run `bartizan upstreams login {upstream}`")]
    LoginNeeded { upstream: String },
    /// `options` name the scopes that the upstream asks for, each as `--scope NAME`.
    #[error(
        "`{upstream}` wants further rights: run `bartizan upstreams login {upstream}{options}`"
    )]
    ScopeNeeded { upstream: String, options: String },
}

impl UpstreamError {
    /// Whether the call may have run: only then is its outcome unknown.
    pub const fn may_have_run(&self) -> bool {
        !matches!(self, Self::Down { .. } | Self::LoginNeeded { .. } | Self::ScopeNeeded { .. })
    }
}
