//! `bartizan doctor`

use std::{path::PathBuf, process::ExitCode};

use super::{ConfigArgument, Ran, say, say_json};
use crate::{
    clients::{Gateway, Home, Os},
    doctor::{Patient, examine},
};

/// Look at this installation and say what is weak, each with the mend. Ends with 1 if something
/// is weak, with 2 if nothing could be looked at.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    config: ConfigArgument,
    /// A project whose clients' files count too [default: the current folder]
    #[arg(long, value_name = "FOLDER")]
    project: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Doctor) -> Ran {
    let config = command.config.load()?;
    let home = std::env::var_os("HOME").ok_or_else(|| anyhow::anyhow!("`HOME` is not set"))?;
    let project = command.project.or_else(|| std::env::current_dir().ok());
    let home = Home { home: home.into(), project, os: Os::current() };
    let gateway = Gateway {
        program: std::env::current_exe()?.display().to_string(),
        wrap_options: Vec::new(),
        base: format!("http://{}", config.file.listen.address),
        configuration: std::path::absolute(&config.path)?,
        data: config.data_dir(),
    };
    let report = examine(&Patient::meet(config, home, gateway));
    if command.json {
        say_json(&serde_json::to_value(&report)?);
    } else {
        say(&report);
    }
    Ok(if report.is_weak() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
