//! JSON Schema 2020-12 for arguments, results and answers: compiled within limits, never fetching
//! anything, with patterns that run in linear time.

mod cost;
mod document;
mod work;

#[cfg(test)]
mod tests;

use jsonschema::{Draft, PatternOptions};

use crate::mcp::Json;
use work::Work;

/// Why a schema is not used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("the schema has more than {NODES_MAX} parts")]
    TooLarge,
    #[error("the schema would take more than {COST_MAX} steps")]
    TooCostly,
    #[error("the schema refers to `{0}`, which is not inside it; nothing is fetched")]
    External(String),
    #[error("the schema refers to `{0}`, which it does not have")]
    Unresolved(String),
    #[error("the schema holds another one with an `$id` of its own, which is not supported")]
    Embedded,
    #[error("the schema is not valid: {0}")]
    Invalid(String),
}

/// Why a value does not fit. Names the place and the keyword, never the value.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Mismatch {
    /// A JSON pointer.
    pub place: String,
    pub what: String,
}

/// Parts of one schema.
const NODES_MAX: usize = 20_000;
/// Steps that one value may cost, as bounded by [`cost`].
const COST_MAX: u64 = 1_000_000;
/// Compiled size of one `pattern`, in bytes.
const PATTERN_BYTES_MAX: usize = 64 << 10;

/// Steps that checking one value may take, as bounded by [`work`]; beyond it the value does not fit.
const WORK_MAX: u64 = 20_000_000;
/// Up to so many steps a mismatch is looked for again, to name its place: every branch of every
/// choice then tells its own, all at once.
const WORK_EXPLAINED: u64 = 100_000;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: jsonschema::Validator,
    work: Work,
}

impl Schema {
    /// # Errors
    /// A schema that is invalid, refers outside itself, or could run without end.
    pub fn compile(schema: &Json) -> Result<Self, SchemaError> {
        cost::check(schema, NODES_MAX, COST_MAX)?;
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(false)
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
            .offline();
        let built = options.build(&schema.to_value());
        let invalid = |error: jsonschema::ValidationError<'_>| {
            SchemaError::Invalid(bounded(&error.masked().to_string()))
        };
        Ok(Self { validator: built.map_err(invalid)?, work: Work::of(schema) })
    }

    /// # Errors
    /// The first place where `value` does not fit.
    pub fn check(&self, value: &Json) -> Result<(), Mismatch> {
        self.check_value(&value.to_value())
    }

    /// As [`Schema::check`], for a value already in the validator's form.
    ///
    /// # Errors
    /// The first place where `value` does not fit.
    pub fn check_value(&self, value: &serde_json::Value) -> Result<(), Mismatch> {
        let steps = self.work.on(value);
        if steps > WORK_MAX {
            let what = format!("checking it would take more than {WORK_MAX} steps");
            return Err(Mismatch { place: "/".into(), what });
        }
        if self.validator.is_valid(value) {
            return Ok(());
        }
        if steps > WORK_EXPLAINED {
            return Err(Mismatch { place: "/".into(), what: "it does not fit the schema".into() });
        }
        self.validator.validate(value).map_err(|error| {
            let pointer = error.instance_path().to_string();
            let place = if pointer.is_empty() { "/".to_owned() } else { bounded(&pointer) };
            Mismatch { place, what: bounded(&error.masked().to_string()) }
        })
    }
}

/// Longest excerpt of a message that quotes the schema, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

fn bounded(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// Compiles and checks once, for a schema that is used a single time.
///
/// # Errors
/// The schema is not usable, or the value does not fit.
pub fn check_once(schema: &Json, value: &Json) -> Result<(), String> {
    let schema = Schema::compile(schema).map_err(|error| error.to_string())?;
    schema.check(value).map_err(|error| error.to_string())
}
