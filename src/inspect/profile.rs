//! How strict the firewall is, and whether a door acts at all.

/// How findings become actions.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Hash,
    PartialEq,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Nothing is edited or marked; blocking rules still block.
    Transparent,
    /// The default: edits, blocks, and marks that cost honest tools nothing.
    #[default]
    Balanced,
    /// What `balanced` would flag with high severity blocks.
    Strict,
}

/// Whether decisions are carried out.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Hash,
    PartialEq,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    #[default]
    Enforce,
    /// Decide and record, but refuse and edit nothing.
    Observe,
}
