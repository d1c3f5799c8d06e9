//! The command line of the harness.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::request::Era;

/// What to run.
#[derive(Debug, Parser)]
#[command(name = "load", about = "End-to-end load on MCP servers, gateways and proxies")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
    #[command(flatten)]
    pub(crate) setting: Setting,
}

/// The measurements beside the matrix.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Open many held calls at once and measure the resident memory of each
    Held(HeldSetting),
    /// CPU per call against the number of upstreams, tools, policies and held calls
    Curves(CurvesSetting),
    /// Resident memory of a gateway that has started and serves nobody
    Idle,
}

/// How many calls to hold, and which.
#[derive(Debug, Clone, Args)]
pub(crate) struct HeldSetting {
    /// Calls held at once
    #[arg(long, default_value_t = 10_000)]
    pub(crate) count: usize,
    /// Seconds between the last call sent and the measurement
    #[arg(long, default_value_t = 3.0)]
    pub(crate) settle: f64,
}

/// The points of each curve.
#[derive(Debug, Clone, Args)]
pub(crate) struct CurvesSetting {
    /// Which curves to draw
    #[arg(long, value_delimiter = ',', default_value = "upstreams,policies,held")]
    pub(crate) curve: Vec<String>,
    /// Numbers of upstreams, each with all tools of the fixture
    #[arg(long, value_delimiter = ',', default_value = "1,10,50")]
    pub(crate) upstreams: Vec<usize>,
    /// Numbers of Cedar policies
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000")]
    pub(crate) policies: Vec<usize>,
    /// Numbers of calls held while others are served
    #[arg(long, value_delimiter = ',', default_value = "0,100,1000,10000")]
    pub(crate) held: Vec<usize>,
}

/// What every measurement shares.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Shared options")]
pub(crate) struct Setting {
    /// The server behind everything: `everything` (Node), `fixture` (this repository's), or a command for stdio
    #[arg(long, global = true, default_value = "everything")]
    pub(crate) upstream: String,
    /// What to measure: `direct`, `bartizan`, or `URL=http://ADDRESS:PORT/PATH` of something that runs already
    #[arg(long, global = true, value_delimiter = ',', default_value = "direct,bartizan")]
    pub(crate) target: Vec<String>,
    /// Another proxy: `NAME=COMMAND` or `NAME:/path=COMMAND`, run by the shell; `{port}`, `{upstream_url}` and
    /// `{upstream_command}` are filled in
    #[arg(long, global = true, value_name = "NAME=COMMAND")]
    pub(crate) proxy: Vec<String>,
    /// How Bartizan reaches its upstream
    #[arg(long, global = true, value_delimiter = ',', default_value = "http,stdio")]
    pub(crate) transport: Vec<String>,
    /// Callers at once, each with a connection and a session of its own
    #[arg(long, global = true, value_delimiter = ',', default_value = "1,32,256")]
    pub(crate) concurrency: Vec<usize>,
    /// Bytes of text in each call and in its answer
    #[arg(long, global = true, value_delimiter = ',', default_value = "200,10240,1048576")]
    pub(crate) payload: Vec<usize>,
    /// Protocol eras of the caller
    #[arg(long, global = true, value_delimiter = ',', value_enum, default_value = "legacy,modern")]
    pub(crate) era: Vec<Era>,
    /// Seconds of load in each cell; a fifth as much goes before it unmeasured
    #[arg(long, global = true, default_value_t = 5.0)]
    pub(crate) seconds: f64,
    /// Seconds of load on every target before its first cell, so that a server that compiles as it runs has done so
    #[arg(long, global = true, default_value_t = 10.0)]
    pub(crate) warm: f64,
    /// Runs of the whole matrix; results are the medians
    #[arg(long, global = true, default_value_t = 5)]
    pub(crate) runs: usize,
    /// Also write the results as JSON
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// One short run of the smaller cells
    #[arg(long, global = true)]
    pub(crate) quick: bool,
    /// The gateway's binary [default: release/bartizan in the target folder]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) bartizan: Option<PathBuf>,
    /// A named variant of the gateway: the file is added to its configuration; `{upstream}` and `{folder}` are
    /// filled in
    #[arg(long, global = true, value_name = "LABEL=FILE")]
    pub(crate) config_extra: Vec<String>,
    /// Spread the callers over so many principals (`Bartizan-Run`) [default: one each]
    #[arg(long, global = true)]
    pub(crate) principals: Option<usize>,
    /// Bind the generator to this CPU
    #[arg(long, global = true)]
    pub(crate) pin: Option<usize>,
}

impl Setting {
    /// Narrows the matrix where `--quick` asks for it.
    pub(crate) fn settle(&mut self) {
        if self.quick {
            self.runs = 1;
            self.seconds = 1.0;
            self.warm = 3.0;
            self.concurrency.retain(|&concurrency| concurrency <= 32);
            self.payload.retain(|&payload| payload <= 10_240);
        }
    }
}
