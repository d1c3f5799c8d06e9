//! May this caller see, or call, this tool, prompt or resource? Cedar policies answer, shut by
//! default, and an evaluation error is a refusal.
//!
//! This module knows nothing of transports, approvals or audit: it turns a [`Question`] into a
//! [`Decision`] and can say why. Reading a policy folder and its decision tables is the only I/O.

mod cases;
mod explain;
mod question;

mod arguments;
mod compile;
mod decide;
mod error;
mod memo;
mod policy;
mod request;
mod schema;
mod scope;
mod slices;
mod values;

#[cfg(test)]
mod tests;

pub use cases::{CaseOutcome, CaseResult, run_cases, run_table};
pub use decide::{Decision, Names};
pub use error::{Place, PolicyError};
pub use explain::{Explanation, PolicyLine};
pub use policy::{Limits, Policies, Source};
pub use question::{Action, Caller, Question, Target, TargetKind};
