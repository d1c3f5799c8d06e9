//! `bartizan classify`

use std::{io::Read as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{
    ConfigArgument, Ran,
    admin::{ask, text},
    harmless, say, say_json,
};
use crate::{
    app::AdminRequest,
    classes::{
        Catalogue,
        suggest::{Suggestion, suggest},
    },
};

/// Suggest what a server's tools do, for a person to accept.
#[derive(Debug, clap::Args)]
pub(super) struct Classify {
    #[command(flatten)]
    config: ConfigArgument,
    /// The upstream, as the configuration names it
    #[arg(required_unless_present_any = ["from", "list"])]
    upstream: Option<String>,
    /// Read the definitions from a file with the answer to `tools/list` (`-` for standard input),
    /// and ask no gateway
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// List the servers of the shipped catalogue
    #[arg(long, exclusive = true)]
    list: bool,
    /// Write the suggestion into the configuration; what stands there already stays
    #[arg(long, requires = "upstream")]
    accept: bool,
    #[arg(long)]
    json: bool,
}

/// Bytes of a file with definitions.
const DEFINITIONS_BYTES_MAX: u64 = 16 << 20;

pub(super) fn run(command: &Classify) -> Ran {
    if command.list {
        list();
        return Ok(ExitCode::SUCCESS);
    }
    let (tools, entry) = definitions(command)?;
    let suggestions: Vec<Suggestion> = tools
        .iter()
        .filter(|tool| tool["classified"].as_bool() != Some(true))
        .map(suggest)
        .collect();
    if command.accept {
        let name = command.upstream.as_deref().context("name the upstream")?;
        return accept(&command.config, name, &suggestions);
    }
    if command.json {
        say_json(&Value::Array(suggestions.iter().map(as_json).collect()));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(entry) = entry {
        say(format_args!(
            "# Known as `{}`: the shipped catalogue speaks for the rest.",
            harmless(&entry)
        ));
    }
    print(command.upstream.as_deref().unwrap_or("NAME"), &suggestions);
    Ok(ExitCode::SUCCESS)
}

fn list() {
    for server in Catalogue::shipped().servers() {
        let tools = server.tool_names().count();
        say(format_args!("{:22} {tools:3} tools  {}", server.name, server.title));
    }
}

/// The definitions to look at, and the catalogue's entry if the gateway knows the server.
fn definitions(command: &Classify) -> anyhow::Result<(Vec<Value>, Option<String>)> {
    if let Some(path) = &command.from {
        let value: Value = serde_json::from_slice(&bytes(path)?).context("this is no JSON")?;
        let lists = [&value, &value["tools"], &value["result"]["tools"]];
        let tools = lists.into_iter().find_map(Value::as_array);
        let tools = tools.context("there is no list of tools; save the answer to `tools/list`")?;
        return Ok((tools.clone(), None));
    }
    let upstream = command.upstream.clone().context("name the upstream")?;
    let folder = super::data_dir(&command.config)?;
    let answer = ask(&folder, &AdminRequest::Tools { upstream })?;
    let entry = Some(text(&answer, "entry").to_owned()).filter(|entry| !entry.is_empty());
    Ok((answer["tools"].as_array().cloned().unwrap_or_default(), entry))
}

fn bytes(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut read: Box<dyn std::io::Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        let unreadable = || format!("cannot read `{}`", path.display());
        Box::new(std::fs::File::open(path).with_context(unreadable)?)
    };
    read.by_ref().take(DEFINITIONS_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > DEFINITIONS_BYTES_MAX {
        anyhow::bail!("longer than {DEFINITIONS_BYTES_MAX} bytes; this is no list of tools");
    }
    Ok(bytes)
}

fn as_json(suggestion: &Suggestion) -> Value {
    json!({
        "tool": suggestion.tool,
        "classes": suggestion.classes,
        "risk": suggestion.risk.name(),
        "destinations": suggestion.destinations,
        "reasons": suggestion.reasons,
        "plain": suggestion.plain,
    })
}

/// Configuration text to paste, with the reasons beside it.
fn print(upstream: &str, suggestions: &[Suggestion]) {
    if suggestions.is_empty() {
        return say("# Nothing is left to classify.");
    }
    say("# A suggestion from what the server says of its own tools. Read it before you paste it.");
    for suggestion in suggestions {
        say("");
        let doubt = if suggestion.plain { "" } else { "; unclear, so strict" };
        say(format_args!("# {}{doubt}", harmless(&suggestion.tool)));
        for reason in &suggestion.reasons {
            say(format_args!("#   {}", harmless(reason)));
        }
        let mut document = toml_edit::DocumentMut::new();
        write(&mut document, upstream, suggestion);
        say(document.to_string().trim_end());
    }
}

/// Puts one suggestion where it belongs, unless something stands there.
fn write(document: &mut toml_edit::DocumentMut, upstream: &str, suggestion: &Suggestion) -> bool {
    let mut table = document.as_table_mut();
    for part in ["upstreams", upstream, "tools", &suggestion.tool] {
        let fresh = || {
            let mut table = toml_edit::Table::new();
            table.set_implicit(part != suggestion.tool);
            toml_edit::Item::Table(table)
        };
        let item = table.entry(part).or_insert_with(fresh);
        let Some(inner) = item.as_table_mut() else { return false };
        table = inner;
    }
    table.set_implicit(false);
    let classes = suggestion.classes.iter().map(|class| class.name());
    let news = [
        ("classes", toml_edit::value(classes.collect::<toml_edit::Array>())),
        ("risk", toml_edit::value(suggestion.risk.name())),
    ];
    let mut written = false;
    for (key, value) in news {
        if !table.contains_key(key) {
            table.insert(key, value);
            written = true;
        }
    }
    written
}

/// Writes what a person accepted into the configuration, and only what keeps it valid.
fn accept(config: &ConfigArgument, upstream: &str, suggestions: &[Suggestion]) -> Ran {
    let path = config.path();
    let unreadable = || format!("cannot read `{}`", path.display());
    let before = std::fs::read_to_string(&path).with_context(unreadable)?;
    let mut document: toml_edit::DocumentMut = before.parse()?;
    if document.get("upstreams").and_then(|all| all.get(upstream)).is_none() {
        anyhow::bail!("`{}` has no upstream `{upstream}`", path.display());
    }
    let mut count = 0;
    for suggestion in suggestions {
        count += usize::from(write(&mut document, upstream, suggestion));
    }
    let after = document.to_string();
    crate::config::Config::parse(&after, &path).context("the configuration would be wrong")?;
    let beside = path.with_extension("toml.new");
    std::fs::write(&beside, &after)?;
    std::fs::set_permissions(&beside, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&beside, &path)?;
    say(format_args!("Wrote {count} tools of `{upstream}` into {}.", path.display()));
    Ok(ExitCode::SUCCESS)
}
