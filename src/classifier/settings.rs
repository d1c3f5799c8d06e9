//! What the configuration says of the classifier.

use std::{num::NonZero, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::model;
use crate::firewall::Surface;

/// Whether texts are scored.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Where ONNX Runtime is installed. Where it is not, the start says so.
    #[default]
    Auto,
    /// Always: without it, the gateway does not start.
    Required,
    Off,
}

/// A model that scores texts for orders to agents.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `auto` scores where ONNX Runtime is installed (`bartizan setup`) and says so where it is not,
    /// `required` does not start without it, `off` never scores. In each, a text that was to be scored
    /// and could not be does not pass.
    pub mode: Mode,
    /// The folder of a model pack. Default: the one that is shipped.
    pub pack: Option<PathBuf>,
    /// The file of ONNX Runtime. Default: `ORT_DYLIB_PATH`, else beside the program, else where
    /// `bartizan setup` puts it.
    pub library: Option<PathBuf>,
    /// Threads that score. Each holds a copy of the model. Default: one for each core, at most 4.
    pub workers: Option<NonZero<usize>>,
    /// The parts of messages that are scored.
    pub surfaces: Vec<Surface>,
    /// Bytes of texts that are scored or wait for it at once; further ones wait outside.
    pub waiting_bytes_max: usize,
    /// Bytes of the texts of one message. One with more does not pass.
    pub text_bytes_max: usize,
    /// Seconds after which a text that has no score does not pass.
    pub seconds_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Auto,
            pack: None,
            library: None,
            workers: None,
            surfaces: vec![
                Surface::ToolArguments,
                Surface::ToolResult,
                Surface::ToolDefinition,
                Surface::Prompt,
                Surface::Resource,
                Surface::Instructions,
                Surface::Error,
                Surface::Elicitation,
                Surface::Sampling,
                Surface::InputResponse,
            ],
            waiting_bytes_max: 64 << 20,
            text_bytes_max: model::TEXT_BYTES_MAX,
            seconds_max: 30,
        }
    }
}

impl Settings {
    /// Threads that score.
    pub fn workers(&self) -> usize {
        const DEFAULT_MAX: usize = 4;
        let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
        self.workers.map_or_else(|| cores().min(DEFAULT_MAX), NonZero::get)
    }
}
