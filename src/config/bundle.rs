//! What the configuration says of bundles of rules.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where bundles of rules come from, and who may sign them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleFile {
    /// A folder of `*.bundle` files, or an `https` address that answers with one.
    pub from: String,
    /// Public keys of which one must have signed a bundle, in 64 hexadecimal digits
    /// (`bartizan bundle key`).
    pub keys: Vec<String>,
    /// Seconds between looks. Default 3600.
    pub every_s: Option<u32>,
}
