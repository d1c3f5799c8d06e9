//! `bartizan rules new ID`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::Ran;
use crate::cli::say;

/// A rule that lints once its words and examples are filled in.
#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// `topic.name`, in lower-case words with hyphens
    id: String,
    /// What the rule is about [default: what stands before the dot]
    #[arg(long, value_enum)]
    topic: Option<Topic>,
    /// Append to this file instead of printing
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Topic {
    /// Orders to an agent in what it reads
    Injection,
    /// Orders in a tool's own definition
    Poisoning,
    /// Tokens and keys
    Secret,
    /// Data about people
    Personal,
    /// What goes out in links and images
    Exfiltration,
    /// Attacks in what an agent sends
    Arguments,
}

/// What differs between topics.
struct Shape {
    surfaces: &'static str,
    action: &'static str,
    severity: &'static str,
    tags: &'static str,
}

impl Topic {
    fn of(id: &str) -> Self {
        match id.split('.').next().unwrap_or_default() {
            "secret" | "secrets" => Self::Secret,
            "personal" | "pii" => Self::Personal,
            "poisoning" => Self::Poisoning,
            "exfiltration" => Self::Exfiltration,
            "command" | "path" | "sql" | "ssrf" | "arguments" | "deserialisation" => {
                Self::Arguments
            }
            _ => Self::Injection,
        }
    }

    fn shape(self) -> Shape {
        let (surfaces, action, severity, tags) = match self {
            Self::Injection => (
                r#""tool_result", "resource", "prompt", "error""#,
                "flag",
                "high",
                r#""owasp-llm:LLM01", "atlas:AML.T0051.001""#,
            ),
            Self::Poisoning => (
                r#""tool_definition", "instructions""#,
                "quarantine",
                "high",
                r#""owasp-mcp:MCP03", "safe-mcp:SAFE-T1001""#,
            ),
            Self::Secret => (
                r#""tool_result", "resource", "error""#,
                "redact",
                "critical",
                r#""owasp-mcp:MCP01", "owasp-llm:LLM02""#,
            ),
            Self::Personal => {
                (r#""tool_result", "resource""#, "flag", "medium", r#""owasp-llm:LLM02""#)
            }
            Self::Exfiltration => (
                r#""tool_result", "tool_arguments""#,
                "flag",
                "high",
                r#""owasp-llm:LLM02", "atlas:AML.T0086""#,
            ),
            Self::Arguments => {
                (r#""tool_arguments""#, "hold", "high", r#""owasp-mcp:MCP05", "owasp-asi:ASI02""#)
            }
        };
        Shape { surfaces, action, severity, tags }
    }
}

pub(super) fn run(command: &New) -> Ran {
    let shape = command.topic.unwrap_or_else(|| Topic::of(&command.id)).shape();
    let rule = template(&command.id, &shape);
    let Some(path) = &command.out else {
        say(format_args!("schema = 1\n\n{rule}"));
        return Ok(ExitCode::SUCCESS);
    };
    let named = || path.display().to_string();
    let mut text = match std::fs::read_to_string(path) {
        Ok(text) => text.trim_end().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "schema = 1".to_owned(),
        Err(error) => return Err(error).with_context(named),
    };
    text.push_str(&format!("\n\n{rule}\n"));
    std::fs::write(path, text).with_context(named)?;
    say(format_args!("{}: fill in the words and the examples, then lint it", path.display()));
    Ok(ExitCode::SUCCESS)
}

fn template(id: &str, shape: &Shape) -> String {
    let Shape { surfaces, action, severity, tags } = shape;
    let id = toml::Value::from(id);
    format!(
        r#"[[rule]]
id = {id}
version = 1                     # rises with every change of what it finds
title = "What it finds, in a few words"
severity = "{severity}"             # info low medium high critical: how bad a real one is
confidence = "medium"           # low medium high: how sure a finding is
level = 2                       # 1 hardly ever errs, 4 finds most; `balanced` runs 1 and 2
surfaces = [{surfaces}]
literals = ["replace this phrase"]   # or `pattern = '…'`, without look-around
action = "{action}"
message = "What happened, in a sentence for a person."
tags = [{tags}]
references = []
examples.match = []             # two or more that must be found
examples.no_match = []          # two or more that must not, one of them nearly"#
    )
}
