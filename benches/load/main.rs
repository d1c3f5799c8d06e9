//! `cargo bench --bench load`: the end-to-end load harness. It starts servers and gateways, calls a tool through each
//! of them over plain HTTP/1.1 and prints latency, rate, CPU per call of every party and resident memory. It knows
//! nothing of the gateway's own library, so that it measures any MCP proxy alike.

mod answer;
mod arguments;
mod bartizan;
mod calibration;
mod caller;
mod cell;
mod curves;
mod endpoint;
mod generator;
mod held;
mod idle;
mod matrix;
mod party;
mod process;
mod proxy;
mod record;
mod report;
mod request;
mod table;
mod target;
mod terminal;
mod upstream;
mod verdict;
mod wire;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use crate::arguments::{Arguments, Task};

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::progress(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    // Cargo adds `--bench` to the arguments of every benchmark.
    let given: Vec<_> = std::env::args_os().filter(|argument| argument != "--bench").collect();
    let bare = given.len() == 1;
    let mut arguments = Arguments::parse_from(given);
    if bare {
        terminal::line("no arguments: one quick run; give `-- --runs 5` for the whole matrix");
        arguments.setting.quick = true;
    }
    arguments.setting.settle();
    process::raise_file_limit();
    if let Some(cpu) = arguments.setting.pin {
        process::pin(cpu)?;
    }
    // One thread: the generator's CPU per call is then all its own work, and cannot crowd out the parties.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let setting = arguments.setting;
    runtime.block_on(async {
        match arguments.task {
            None => matrix::run(&setting).await,
            Some(Task::Held(held)) => held::run(&setting, &held).await,
            Some(Task::Curves(curves)) => curves::run(&setting, &curves).await,
            Some(Task::Idle) => idle::run(&setting).await,
        }
    })
}
