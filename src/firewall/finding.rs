//! What a rule found, and where: the words that rules, verdicts and the audit share.
//!
//! A finding never carries the matched text; whoever may see that text has it already.

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verdict::Action;

/// The part of a message that a text came from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// Arguments of `tools/call`.
    ToolArguments,
    /// Content blocks and structured content of a tool's result.
    ToolResult,
    /// Names, descriptions and schemas in `tools/list`.
    ToolDefinition,
    /// Arguments of `prompts/get`.
    PromptArguments,
    /// Messages of a prompt that a server offers.
    Prompt,
    /// Contents, names and descriptions of resources.
    Resource,
    /// A server's `instructions`.
    Instructions,
    /// Error messages and their data.
    Error,
    /// Texts of an elicitation that a server asks for.
    Elicitation,
    /// Messages of a sampling request that a server makes.
    Sampling,
    /// Progress and log notifications.
    Notification,
    /// Values that a server proposes in `completion/complete`.
    Completion,
    /// A client's answer to an elicitation or a sampling request.
    InputResponse,
}

impl Surface {
    /// Whether images, audio and resources may stand here, as bytes that are no text.
    pub fn carries_blocks(self) -> bool {
        matches!(self, Self::ToolResult | Self::Prompt | Self::Resource | Self::Sampling)
    }
}

/// Which way a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the client to the server.
    Inbound,
    /// From the server to the client.
    Outbound,
}

impl Surface {
    /// Every surface, in declaration order.
    pub const ALL: [Self; 13] = [
        Self::ToolArguments,
        Self::ToolResult,
        Self::ToolDefinition,
        Self::PromptArguments,
        Self::Prompt,
        Self::Resource,
        Self::Instructions,
        Self::Error,
        Self::Elicitation,
        Self::Sampling,
        Self::Notification,
        Self::Completion,
        Self::InputResponse,
    ];

    /// Which way texts of this surface travel.
    pub fn direction(self) -> Direction {
        match self {
            Self::ToolArguments | Self::PromptArguments | Self::InputResponse => Direction::Inbound,
            Self::ToolResult
            | Self::ToolDefinition
            | Self::Prompt
            | Self::Resource
            | Self::Instructions
            | Self::Error
            | Self::Elicitation
            | Self::Sampling
            | Self::Notification
            | Self::Completion => Direction::Outbound,
        }
    }

    /// The name in rule files and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::ToolArguments => "tool_arguments",
            Self::ToolResult => "tool_result",
            Self::ToolDefinition => "tool_definition",
            Self::PromptArguments => "prompt_arguments",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Instructions => "instructions",
            Self::Error => "error",
            Self::Elicitation => "elicitation",
            Self::Sampling => "sampling",
            Self::Notification => "notification",
            Self::Completion => "completion",
            Self::InputResponse => "input_response",
        }
    }
}

/// How bad it is if the finding is real.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a record, no more.
    Info,
    /// Hardly a risk alone.
    Low,
    /// A risk together with others.
    Medium,
    /// A risk alone.
    High,
    /// Stop and look.
    Critical,
}

impl Severity {
    /// One step worse; nothing is worse than critical.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Info => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }
}

/// How sure the rule is that the finding is real.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Honest texts match often.
    Low,
    /// Honest texts about the subject match.
    Medium,
    /// Honest texts hardly ever match.
    High,
}

/// The reading of a text in which a rule matched.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The text as received.
    Raw,
    /// Backslash escapes undone, as a text inside a JSON string inside a text has them.
    Unescaped,
    /// Compatibility forms, look-alike letters and invisible characters undone.
    Normal,
    /// What characters spell that nobody sees: tags, variation selectors, invisible operators.
    Tags,
    /// Words with digits for letters, or with signs between their letters, undone.
    Squash,
    /// HTML as a person sees it.
    Visible,
    /// What HTML and Markdown hold and a person does not see.
    Hidden,
    /// What base64, hexadecimal and the like stand for.
    Decoded,
    /// Neighbouring texts read as one.
    Join,
}

impl View {
    /// Whether a person who sees the text does not see what was found in this reading.
    pub fn conceals(self) -> bool {
        matches!(self, Self::Tags | Self::Hidden | Self::Decoded)
    }
}

/// One match of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, such as `injection.override-previous`.
    pub rule: Arc<str>,
    /// The rule's title, for people.
    pub title: Arc<str>,
    /// How bad it is if it is real.
    pub severity: Severity,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// What the rule asks for on the scanned surface.
    pub action: Action,
    /// The reading in which the rule matched.
    pub view: View,
    /// Where it lies: a range of UTF-8 bytes in the raw text, on character boundaries.
    pub span: Range<usize>,
}
