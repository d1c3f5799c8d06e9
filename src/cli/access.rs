//! `bartizan access`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Subcommand;

use super::{
    ConfigArgument, Ran,
    admin::{ask, text},
    approvals::sign,
    harmless, say, say_json,
};
use crate::{
    access::{Action, Caller, Question, Target, TargetKind, run_cases},
    app::{self, AdminRequest, Options, Purpose},
    catalog::Kind,
};

/// What the policies decide, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Access {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say how the policies decide one question, and which of them decide it
    Explain(Explain),
    /// Run the decision tables (`*.cases.toml`) beside the policies
    Test {
        /// The policies' folder [default: that of the configuration]
        folder: Option<PathBuf>,
    },
    /// Runs and what they have read
    #[command(subcommand)]
    Runs(Runs),
}

#[derive(Debug, Subcommand)]
enum Runs {
    /// List runs that read something, and what they may therefore not do unasked
    List {
        #[arg(long)]
        json: bool,
    },
    /// End a run: what its caller does next has read nothing
    End(End),
}

#[derive(Debug, clap::Args)]
struct End {
    /// The run's name, from `runs list`
    id: String,
    /// Who decides [default: the user's name]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    /// The approver's key, from `approvals enroll`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Explain {
    /// The agent
    #[arg(long = "as", value_name = "AGENT")]
    agent: String,
    /// The person it acts for
    #[arg(long)]
    user: Option<String>,
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// How the agent proves itself
    #[arg(long, default_value = "bearer")]
    proof: String,
    /// `SERVER/TOOL`
    #[arg(long)]
    tool: String,
    /// The call's arguments, as JSON
    #[arg(long, value_name = "JSON")]
    arguments: Option<String>,
    /// Only whether it is listed
    #[arg(long)]
    list: bool,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Access) -> Ran {
    match command.command {
        Command::Explain(explain) => self::explain(&command.config, &explain),
        Command::Test { folder } => test(&command.config, folder),
        Command::Runs(Runs::List { json }) => list_runs(&command.config, json),
        Command::Runs(Runs::End(end)) => end_run(&command.config, end),
    }
}

fn list_runs(config: &ConfigArgument, json: bool) -> Ran {
    let answer = ask(&super::data_dir(config)?, &AdminRequest::Runs)?;
    if json {
        say_json(&answer);
        return Ok(ExitCode::SUCCESS);
    }
    let runs = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    if runs.is_empty() {
        say("No run has read anything.");
    }
    for run in runs {
        let label = &run["label"];
        let read = run["sources"].as_array().map_or(0, Vec::len);
        let over = if run["saturated"] == true { ", more than is kept" } else { "" };
        say(format_args!(
            "{}  {}, {}  {read} sources{over}, {} agreed  {} {}",
            text(run, "id"),
            text(label, "integrity"),
            text(label, "confidentiality"),
            run["grants"].as_u64().unwrap_or(0),
            harmless(text(run, "principal")),
            harmless(text(run, "name")),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn end_run(config: &ConfigArgument, end: End) -> Ran {
    let by = end.by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "local".into());
    let signed = |path: &PathBuf| sign(path, &app::decision_text("run", &end.id, "end", ""));
    let signature = end.key.as_ref().map(signed).transpose()?;
    let request = AdminRequest::EndRun { id: end.id.clone(), by, signature };
    let answer = ask(&super::data_dir(config)?, &request)?;
    say(format_args!("{} ended.", text(&answer, "id")));
    if answer["proven"] != true {
        say("Friction only: this decision carries no proof that the agent's user could not make.");
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(config: &ConfigArgument, asked: &Explain) -> Ran {
    let config = config.load()?;
    let options = Options { purpose: Purpose::Serve, development: false };
    let policies = app::policies(&config, options)?;
    let (server, name) = asked
        .tool
        .split_once('/')
        .ok_or_else(|| anyhow::anyhow!("write the tool as SERVER/TOOL"))?;
    let settings = config.tool_settings(server, Kind::Tool, name);
    let arguments = asked.arguments.as_deref().map(serde_json::from_str).transpose();
    let arguments = arguments.context("`--arguments` is no JSON")?;
    let question = Question {
        caller: Caller {
            agent: &asked.agent,
            user: asked.user.as_deref(),
            groups: &asked.groups,
            proof: &asked.proof,
            run: None,
        },
        action: if asked.list { Action::List } else { Action::Call },
        target: Target {
            kind: TargetKind::Tool,
            server,
            name,
            risk: settings.risk.name(),
            classes: &settings.classes,
        },
        arguments: arguments.as_ref(),
        time: crate::ids::now_ms(),
    };
    let explanation = policies.explain(&question);
    if config.file.access.policies.is_none() {
        eprintln!(
            "No policies are configured: this is what `serve` decides. With `--development`, or \
             behind `wrap`, shipped policies permit it."
        );
    }
    if asked.json {
        say_json(&serde_json::to_value(&explanation)?)
    } else {
        say(&explanation)
    }
    Ok(ExitCode::SUCCESS)
}

fn test(config: &ConfigArgument, folder: Option<PathBuf>) -> Ran {
    let config = config.load()?;
    let stated = || config.file.access.policies.as_ref().map(|folder| config.resolve(folder));
    let folder = folder.or_else(stated).ok_or_else(|| {
        anyhow::anyhow!("name the folder, or set `access.policies` in the configuration")
    })?;
    let policies = crate::access::Policies::load(&folder).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
    let results = run_cases(&folder, &policies);
    let failed = results.iter().filter(|result| !result.passed()).count();
    for result in results.iter().filter(|result| !result.passed()) {
        say(result);
    }
    say(format_args!("{} cases, {failed} failed", results.len()));
    Ok(if failed == 0 && !results.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
