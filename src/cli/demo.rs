//! `bartizan demo`, and the tool servers that it starts.

use std::{path::PathBuf, process::ExitCode};

use super::Ran;
use crate::demo::{
    Demo as Playing,
    server::{self, Part},
    stage::Stage,
};

/// Watch the gateway work: a built-in agent, harmless and hostile tool servers, eight scenes.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// End after the scenes instead of staying up
    #[arg(long)]
    once: bool,
    /// Print each scene as a line of JSON
    #[arg(long)]
    json: bool,
}

/// One of the demo's tool servers, on standard input and output.
#[derive(Debug, clap::Args)]
pub(super) struct DemoServer {
    part: Part,
    /// Where to write down what tools really did
    #[arg(long, value_name = "FILE")]
    effects: PathBuf,
}

pub(super) fn run(command: &Demo) -> Ran {
    if std::env::var_os("RUST_LOG").is_some() {
        super::log::start(command.json);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let demo = Playing::start(Stage::new(command.json), command.once).await?;
        let told = super::serve::until_told();
        tokio::pin!(told);
        let kept = tokio::select! {
            kept = demo.play() => Some(kept),
            told = &mut told => told.map(|()| None)?,
        };
        if kept == Some(true) && !command.once {
            demo.invite();
            told.await?;
        }
        demo.stop().await;
        Ok(if kept == Some(true) { ExitCode::SUCCESS } else { ExitCode::from(1) })
    })
}

pub(super) fn serve(command: &DemoServer) -> Ran {
    super::block_on(server::serve(command.part, command.effects.clone()))??;
    Ok(ExitCode::SUCCESS)
}
