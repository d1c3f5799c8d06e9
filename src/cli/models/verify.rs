//! `bartizan models verify`: is a pack whole, and does it run?

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::json;

use super::Chosen;
use crate::{
    classifier::{Library, Pack},
    cli::{Ran, say, say_json},
};

#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    chosen: Chosen,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(verify: &Verify) -> Ran {
    let start = Instant::now();
    match verify.chosen.load() {
        Ok((_, pack, library)) => {
            told(&pack, &library, start.elapsed(), verify.json);
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            let code = fault.code();
            let error = format!("{:#}", anyhow::Error::new(fault));
            let pack = verify.chosen.pack.as_ref();
            let pack = pack.map_or_else(|| "shipped".to_owned(), |it| it.display().to_string());
            match verify.json {
                true => say_json(&json!({ "ok": false, "code": code, "error": error })),
                false => say(format_args!("{pack}: {code}: {error}")),
            }
            Ok(ExitCode::from(1))
        }
    }
}

fn told(pack: &Pack, library: &Library, took: Duration, json: bool) {
    let (title, bytes, licence) = (pack.title(), pack.bytes(), &pack.manifest.licence);
    if json {
        return say_json(&json!({
            "ok": true,
            "name": pack.manifest.name,
            "version": pack.manifest.version,
            "licence": licence,
            "bytes": bytes,
            "model_sha256": pack.manifest.model_sha256,
            "library": { "path": library.path, "sha256": library.digest },
            "load_ms": took.as_millis() as u64,
        }));
    }
    say(format_args!(
        "{title}, {licence}, {bytes} bytes: digests match, loaded and run in {took:.0?}"
    ));
    say(format_args!("on {} (sha256 {})", library.path.display(), library.digest));
}
