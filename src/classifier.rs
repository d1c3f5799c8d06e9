//! The classifier: a small encoder that says how far a text addresses an AI agent and asks it for
//! something. It scores what patterns cannot name; it labels, and never is the reason for an allow.
//!
//! ONNX Runtime is a library that is loaded when a model is ([`library`]); what a model is and how
//! it wants to be fed stands in its [`pack`]; [`cutter`] cuts texts into what fits, [`model`] runs, and
//! [`pool`] runs several at once, out of the way of the messages. Whatever fails is a [`Fault`]: a text
//! without a score is a text that was not read.

pub mod library;
pub mod model;
pub mod pack;
pub mod pool;
pub mod settings;
pub mod setup;

mod cutter;
mod fault;
mod plain;
mod queue;
mod shipped;
mod window;

pub use fault::Fault;
pub use library::Library;
pub use model::{Model, Scored};
pub use pack::Pack;
pub use pool::Classifier;
