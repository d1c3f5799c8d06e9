//! The classifier of a gateway: started with it, and started anew when the configuration names another.

use std::sync::Arc;

use anyhow::Context as _;

use super::{Options, Purpose};
use crate::{
    classifier::{
        Classifier,
        pool::missing,
        settings::{Mode, Settings},
    },
    config::Config,
    inspect::Firewall,
};

/// Gives the firewall its classifier: `known`, if it still is what the configuration says. A gateway
/// of wraps answers before the model is there, and its texts wait.
///
/// # Errors
/// It cannot run, and nothing is to pass without it.
pub(super) async fn settle(
    firewall: Firewall,
    config: &Config,
    options: Options,
    known: Option<&Arc<Classifier>>,
) -> anyhow::Result<Firewall> {
    let settings = settings(config);
    let running = known.is_some();
    let known = known.filter(|it| *it.settings() == settings && it.fault().is_none());
    let classifier = match known {
        Some(known) => Some(Arc::clone(known)),
        None => Classifier::start(&settings)
            .map_err(|fault| config.wrong(&["classifier", "mode"], fault.to_string()))?,
    };
    if running && classifier.is_none() && settings.mode != Mode::Off {
        // What is scored now must not pass unscored because a file went away.
        let why = missing(&settings).map_or_else(String::new, |fault| fault.to_string());
        return Err(config.wrong(&["classifier"], why).into());
    }
    let waits = running || options.purpose == Purpose::Serve;
    if let (Some(classifier), true) = (&classifier, waits) {
        let about = classifier.ready().await;
        let about = about.map_err(|fault| anyhow::anyhow!("{}: {fault}", fault.code()));
        let about = about.context("the classifier cannot run")?;
        let (name, version) = (&about.manifest.name, &about.manifest.version);
        tracing::info!(
            name,
            version,
            library_sha256 = about.library_sha256,
            "The classifier runs."
        );
    }
    Ok(Firewall { classifier, ..firewall })
}

/// What everybody should know: that nothing is scored though it could be, or that nothing can pass.
pub(super) fn notice(config: &Config, firewall: &Firewall) -> Option<String> {
    let settings = settings(config);
    match &firewall.classifier {
        Some(classifier) => {
            let fault = classifier.fault()?;
            Some(format!(
                "the classifier cannot run, so nothing that it should score passes: {fault}"
            ))
        }
        None if settings.mode == Mode::Off => {
            Some("the classifier is off: texts are read by rules alone".to_owned())
        }
        None => {
            let fault = missing(&settings)?;
            Some(format!("no classifier, texts are read by rules alone: {fault}"))
        }
    }
}

fn settings(config: &Config) -> Settings {
    let mut settings = config.file.classifier.clone();
    for path in [&mut settings.pack, &mut settings.library].into_iter().flatten() {
        *path = config.resolve(path);
    }
    settings
}
