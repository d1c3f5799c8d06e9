//! `bartizan bundle`

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::{ConfigArgument, Ran, block_on, say, say_json};
use crate::{
    app::rules,
    bundle::{self, Against, Bundle as Opened, Heading, Kept, PublicKey, sign},
    firewall::{Ruleset, Source},
};

/// Pack, sign and check bundles of rules.
#[derive(Debug, clap::Args)]
pub(super) struct Bundle {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pack the rule files of a folder, if all their examples hold
    Pack(Pack),
    /// Sign a bundle, beside the signatures that it has
    Sign {
        bundle: PathBuf,
        /// The private key, from `bundle key`
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Check signature, digests, date and rules of a bundle
    Verify {
        bundle: PathBuf,
        /// A public key that may have signed it; repeatable [default: those of the configuration]
        #[arg(long = "key", value_name = "HEX")]
        keys: Vec<String>,
        #[arg(long)]
        json: bool,
    },
    /// Make a key for signing and print its public half
    Key {
        /// Where to keep the private half
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Look for a newer bundle now, and take it
    Pull,
    /// Say which bundle is in force
    Status {
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Pack {
    /// A folder of rule files
    folder: PathBuf,
    /// What the bundle is called, such as `acme-rules`
    #[arg(long)]
    name: String,
    /// A version for people
    #[arg(long, default_value = "0.0.0")]
    release: String,
    /// A number that rises with each bundle of this name [default: seconds since 1970]
    #[arg(long)]
    sequence: Option<u64>,
    /// Days after which no gateway takes it any more
    #[arg(long, value_name = "DAYS")]
    expires_in: Option<u32>,
    /// It stands in the place of the shipped rules, instead of beside them
    #[arg(long)]
    replaces_core: bool,
    /// Where to write it [default: NAME-SEQUENCE.bundle]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(command: &Bundle) -> Ran {
    match &command.command {
        Command::Pack(pack) => self::pack(pack),
        Command::Sign { bundle, key } => sign(bundle, key),
        Command::Verify { bundle, keys, json } => verify(&command.config, bundle, keys, *json),
        Command::Key { out } => key(out),
        Command::Pull => pull(&command.config),
        Command::Status { json } => status(&command.config, *json),
    }
}

fn pack(asked: &Pack) -> Ran {
    let sources = rules::read_rules(&asked.folder)?;
    let mut files = BTreeMap::new();
    for Source { name, text } in &sources {
        let file = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
        files.insert(file.into_owned(), text.clone());
    }
    let mut proven = sources;
    if !asked.replaces_core {
        proven.extend(Ruleset::shipped_sources());
    }
    prove(&proven)?;
    let created = crate::ids::now_ms();
    let day_ms = 24 * 60 * 60 * 1000;
    let heading = Heading {
        name: asked.name.clone(),
        version: asked.release.clone(),
        sequence: asked.sequence.unwrap_or_else(|| u64::try_from(created / 1000).unwrap_or(0)),
        engine: engine(),
        created,
        expires: asked.expires_in.map(|days| created + i64::from(days) * day_ms),
        replaces_core: asked.replaces_core,
    };
    let sequence = heading.sequence;
    let bytes = bundle::pack(heading, &files)?;
    let default = || PathBuf::from(format!("{}-{sequence}.{}", asked.name, bundle::EXTENSION));
    let out = asked.out.clone().unwrap_or_else(default);
    std::fs::write(&out, bytes).with_context(|| format!("cannot write `{}`", out.display()))?;
    say(format_args!(
        "{}: {} files, sequence {sequence}, not signed yet",
        out.display(),
        files.len()
    ));
    say(format_args!("bartizan bundle sign {} --key FILE", out.display()));
    Ok(ExitCode::SUCCESS)
}

/// This engine, as `MAJOR.MINOR`.
fn engine() -> String {
    let version = env!("CARGO_PKG_VERSION");
    version.rsplit_once('.').map_or(version, |(minor, _)| minor).to_owned()
}

fn prove(sources: &[Source]) -> anyhow::Result<Ruleset> {
    Ruleset::compile(sources).map_err(|diagnostics| {
        let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })
}

fn sign(path: &Path, key: &Path) -> Ran {
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    let (signed, signer) = sign::sign(&read(path)?, &read(key)?)?;
    std::fs::write(path, signed).with_context(|| format!("cannot write `{}`", path.display()))?;
    say(format_args!("{}: signed by {signer}", path.display()));
    Ok(ExitCode::SUCCESS)
}

fn verify(config: &ConfigArgument, path: &Path, keys: &[String], as_json: bool) -> Ran {
    let stated = match keys {
        [] => config.load()?.file.firewall.bundle.map(|stated| stated.keys).unwrap_or_default(),
        keys => keys.to_vec(),
    };
    let keys: Vec<PublicKey> =
        stated.iter().map(|key| PublicKey::parse(key)).collect::<Result<_, _>>()?;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let now = crate::ids::now_ms();
    let opened = Opened::open(&bytes, Against { keys: &keys, sequence: 0, now });
    let proven = opened.map_err(anyhow::Error::from).and_then(|opened| {
        let mut sources = opened.sources();
        if !opened.manifest.replaces_core {
            sources.extend(Ruleset::shipped_sources());
        }
        prove(&sources).map(|_| opened)
    });
    match proven {
        Ok(opened) => {
            describe(&opened, as_json)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            match as_json {
                true => say_json(&json!({"error": format!("{error:#}")})),
                false => say(format_args!("{}: {error:#}", path.display())),
            }
            Ok(ExitCode::from(1))
        }
    }
}

fn describe(opened: &Opened, as_json: bool) -> anyhow::Result<()> {
    let manifest = &opened.manifest;
    if as_json {
        say_json(&serde_json::to_value(manifest)?);
        return Ok(());
    }
    let place = if manifest.replaces_core { "in place of" } else { "beside" };
    say(format_args!(
        "{} {}, sequence {}: {} files {place} the shipped rules",
        manifest.name,
        manifest.version,
        manifest.sequence,
        manifest.files.len()
    ));
    Ok(())
}

fn key(out: &Path) -> Ran {
    let (private, public) = sign::generate()?;
    write_private(out, &private).with_context(|| format!("cannot write `{}`", out.display()))?;
    say("Put this into the configuration of the gateways that may take what it signs:\n");
    say(format_args!(
        "[firewall.bundle]\nfrom = \"FOLDER or https address\"\nkeys = [\"{public}\"]"
    ));
    Ok(ExitCode::SUCCESS)
}

/// A new file that only its owner reads.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

fn pull(config: &ConfigArgument) -> Ran {
    let config = config.load()?;
    match block_on(rules::pull(&config))?? {
        Some(opened) => describe(&opened, false)?,
        None if config.file.firewall.bundle.is_some() => say("Nothing is offered there."),
        None => anyhow::bail!("no `[firewall.bundle]` in `{}`", config.path.display()),
    }
    Ok(ExitCode::SUCCESS)
}

fn status(config: &ConfigArgument, as_json: bool) -> Ran {
    let config = config.load()?;
    let stated = config.file.firewall.bundle.iter().flat_map(|stated| &stated.keys);
    let keys: Vec<PublicKey> = stated.map(|key| PublicKey::parse(key)).collect::<Result<_, _>>()?;
    match Kept::under(&config.data_dir()).load(&keys)? {
        Some(opened) => describe(&opened, as_json)?,
        None if as_json => say_json(&serde_json::Value::Null),
        None => say("No bundle is in force; the shipped rules are."),
    }
    Ok(ExitCode::SUCCESS)
}
