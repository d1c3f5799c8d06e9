//! The command line: one file per noun.

mod access;
mod admin;
mod approvals;
mod audit;
mod bundle;
mod check;
mod classify;
mod clients;
mod config;
mod demo;
mod doctor;
mod eval;
mod findings;
mod kept;
mod log;
mod models;
mod pins;
mod pipe;
mod replay;
mod rules;
mod scan;
mod serve;
mod setup;
mod upstreams;
mod why;
mod wrap;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::Config;

/// An MCP gateway with a content firewall: every message between agents and tool servers is
/// checked on its way.
#[derive(Debug, Parser)]
#[command(name = "bartizan", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration is.
#[derive(Clone, Debug, clap::Args)]
pub struct ConfigArgument {
    /// The configuration file [default: ~/.config/bartizan/bartizan.toml]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgument {
    /// The path given, or the usual one.
    fn path(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(default_path)
    }

    /// What somebody types to run another command on the same configuration.
    fn command(&self, words: &str) -> String {
        match &self.config {
            Some(path) => format!("bartizan {words} -c {}", path.display()),
            None => format!("bartizan {words}"),
        }
    }

    /// Reads the configuration. Without a path given, a missing file means the defaults.
    fn load(&self) -> anyhow::Result<Config> {
        let path = self.path();
        if self.config.is_none() && !path.exists() {
            return Ok(Config::empty(&path));
        }
        Ok(Config::load(&path)?)
    }
}

fn default_path() -> PathBuf {
    let folder = crate::config::user_folder("XDG_CONFIG_HOME", ".config");
    folder.unwrap_or_default().join("bartizan.toml")
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve agents over HTTP
    Serve(serve::Serve),
    /// Guard one stdio tool server: `bartizan wrap -- COMMAND ARGS…`
    Wrap(wrap::Wrap),
    /// Watch the gateway work, on a built-in agent and built-in tool servers
    Demo(demo::Demo),
    /// Look at this installation and say what is weak
    Doctor(doctor::Doctor),
    /// Print what a configuration may say
    Config(config::Config),
    /// Check a configuration with its policies and rules, and start nothing
    Check(check::Check),
    /// Say why something was refused, held or withheld
    Why(why::Why),
    /// List what was found, refused, or would have been
    Findings(findings::Findings),
    /// Say what other rules would have made of the content that was captured
    Replay(replay::Replay),
    /// Read texts, tool lists or a client's configuration with the rules
    Scan(scan::Scan),
    /// Write, prove, measure and compare rules
    Rules(rules::Rules),
    /// Lead the servers of your MCP clients through Bartizan, and back
    Clients(clients::Clients),
    /// List tool servers, and log in to them
    Upstreams(upstreams::Upstreams),
    /// Suggest what a server's tools do, for a person to accept
    Classify(classify::Classify),
    /// Look at changed tool definitions, and accept them
    Pins(pins::Pins),
    /// Decide on calls that wait for a person
    Approvals(approvals::Approvals),
    /// Verify the record
    Audit(audit::Audit),
    /// Pack, sign and check bundles of rules
    Bundle(bundle::Bundle),
    /// Ask the policies what they would decide, and test them
    Access(access::Access),
    /// Fetch ONNX Runtime, which the classifier runs on
    Setup(setup::Setup),
    /// List, check, time and compare the classifier's model packs
    Models(models::Models),
    /// Say how well patterns and the classifier do on labelled texts
    Eval(eval::Eval),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
    #[command(hide = true)]
    Local(wrap::Local),
    #[command(hide = true)]
    DemoServer(demo::DemoServer),
}

/// Runs the command given.
pub fn run() -> ExitCode {
    let ran = pipe::asked(std::env::args_os()).unwrap_or_else(parsed);
    ran.unwrap_or_else(|error| {
        eprintln!("bartizan: {}", told(&error));
        ExitCode::from(2)
    })
}

/// The error and its causes, each once: many say in their own words what caused them.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut text, cause| {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
        text
    })
}

fn parsed() -> Ran {
    match Cli::parse().command {
        Command::Serve(command) => serve::run(&command),
        Command::Wrap(command) => wrap::run(&command),
        Command::Local(command) => wrap::local(&command),
        Command::Demo(command) => demo::run(&command),
        Command::DemoServer(command) => demo::serve(&command),
        Command::Doctor(command) => doctor::run(command),
        Command::Config(command) => config::run(&command),
        Command::Check(command) => check::run(&command),
        Command::Why(command) => why::run(&command),
        Command::Findings(command) => findings::run(&command),
        Command::Replay(command) => replay::run(&command),
        Command::Scan(command) => scan::run(&command),
        Command::Rules(command) => rules::run(&command),
        Command::Clients(command) => clients::run(command),
        Command::Upstreams(command) => upstreams::run(command),
        Command::Classify(command) => classify::run(&command),
        Command::Pins(command) => pins::run(command),
        Command::Approvals(command) => approvals::run(command),
        Command::Audit(command) => audit::run(&command),
        Command::Bundle(command) => bundle::run(&command),
        Command::Access(command) => access::run(command),
        Command::Setup(command) => setup::run(&command),
        Command::Models(command) => models::run(&command),
        Command::Eval(command) => eval::run(&command),
        Command::Completions { shell } => completions(shell),
        Command::Man => man(),
    }
}

type Ran = anyhow::Result<ExitCode>;

fn completions(shell: clap_complete::Shell) -> Ran {
    clap_complete::generate(shell, &mut Cli::command(), "bartizan", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}

fn man() -> Ran {
    clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a line. A reader that left is no error.
fn say(line: impl std::fmt::Display) {
    writeln!(std::io::stdout(), "{line}").ok();
}

/// Prints JSON as people's tools expect it.
fn say_json(value: &serde_json::Value) {
    say(format_args!("{value:#}"));
}

/// Text of a stranger, with everything that could fool a terminal spelled out.
fn harmless(text: &str) -> String {
    crate::approval::shown_text(text)
}

/// A runtime for commands that only ask.
fn block_on<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}

/// The folder where a configuration's gateway keeps its state.
fn data_dir(config: &ConfigArgument) -> anyhow::Result<PathBuf> {
    let path = config.path();
    if config.config.is_none() && !path.exists() {
        return Ok(crate::config::default_data_dir());
    }
    Ok(Config::load(&path)?.data_dir())
}

/// The journal's folder.
fn audit_dir(config: &ConfigArgument) -> anyhow::Result<PathBuf> {
    Ok(crate::app::audit_folder(&config.load()?))
}
