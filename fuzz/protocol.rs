//! The gateway's protocol modules and its firewall, as they stand in `src/`, for the fuzz targets.

#[path = "../src"]
mod source {
    pub mod firewall;
    pub mod mcp;
}

pub use source::{firewall, mcp};
