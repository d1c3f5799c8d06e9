//! `bartizan serve`

use std::{path::PathBuf, process::ExitCode};

use tokio::signal::unix::{SignalKind, signal};

use super::{ConfigArgument, Ran};
use crate::app::{App, Options, Purpose};

/// Serve agents over Streamable HTTP at `/mcp` and `/mcp/NAME`.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigArgument,
    /// Let loopback callers in without a credential; each `Bartizan-Run` header is a caller
    #[arg(long)]
    development: bool,
    /// Log as JSON lines
    #[arg(long)]
    log_json: bool,
    /// Write the address to this file once it is bound
    #[arg(long, value_name = "FILE")]
    address_file: Option<PathBuf>,
}

pub(super) fn run(command: &Serve) -> Ran {
    super::log::start(command.log_json);
    let config = command.config.load()?;
    let folder = config.data_dir();
    let options = Options { purpose: Purpose::Serve, development: command.development };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = App::start(config, options).await?;
        tracing::info!("State is kept in `{}`.", folder.display());
        for notice in &app.notices {
            tracing::warn!("Take note: {notice}.");
        }
        if let Some(address) = app.address {
            tracing::info!("Serving at http://{address}/mcp");
            if let Some(path) = &command.address_file {
                std::fs::write(path, address.to_string())?;
            }
        }
        until_told().await?;
        tracing::info!("Stopping; calls under way may end.");
        app.stop().await;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn until_told() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
