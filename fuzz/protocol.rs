//! The gateway's protocol modules, as they stand in `src/`, for the fuzz targets.

#[path = "../src"]
mod source {
    pub mod mcp;
}

pub use source::mcp;
