//! A model pack: a folder with a graph, a tokenizer and `model.toml`, which says how the two are fed
//! and read. Nothing of it is used before its digest was checked.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Fault, shipped};
use crate::{firewall::Surface, hex};

/// The file that makes a folder a pack.
pub const MANIFEST: &str = "model.toml";
/// Bytes of one file of a pack.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// `model.toml`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// SPDX name of the licence of the weights.
    pub licence: String,
    pub model: PathBuf,
    pub model_sha256: String,
    pub tokenizer: PathBuf,
    pub tokenizer_sha256: String,
    /// Tokens that the graph reads at once, the special ones among them.
    pub window: usize,
    /// Tokens that two windows share, so that no sentence is cut in both.
    pub overlap: usize,
    /// Names of the graph's inputs, of `input_ids`, `attention_mask` and `token_type_ids`.
    pub inputs: Vec<String>,
    /// Name of the output with the logits.
    pub output: String,
    /// Which logit means that the text asks an agent for something.
    pub positive: usize,
    pub activation: Activation,
    /// What logits are divided by, so that a score means a rate (Guo et al. 2017, temperature scaling).
    pub temperature: f32,
    /// From which score on a text is found, as measured on honest texts.
    pub thresholds: Thresholds,
    /// Thresholds of single parts of messages, where texts are of another kind.
    #[serde(default)]
    pub surfaces: BTreeMap<Surface, Thresholds>,
    /// Where the weights come from; for people.
    #[serde(default)]
    pub training: toml::Table,
}

/// From which score on something is done about a text.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// It is a finding.
    pub flag: f32,
    /// It is worth a person's look.
    pub hold: f32,
    /// Hardly an honest text reaches it.
    pub block: f32,
}

/// How logits become a score.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    Sigmoid,
    Softmax,
}

/// A pack whose files are what its manifest says.
#[derive(Debug)]
pub struct Pack {
    pub manifest: Manifest,
    pub(super) model: Cow<'static, [u8]>,
    pub(super) tokenizer: Cow<'static, [u8]>,
}

impl Pack {
    /// The pack in `folder`, or the one that is shipped.
    ///
    /// # Errors
    /// [`Fault::NoPack`] where none is shipped, and those of [`Pack::read`].
    pub fn named(folder: Option<&Path>) -> Result<Self, Fault> {
        folder.map_or_else(shipped::pack, Self::read)
    }

    /// Reads a folder and checks every digest.
    ///
    /// # Errors
    /// [`Fault::Read`], [`Fault::Manifest`] with what is wrong in it, [`Fault::Digest`].
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(MANIFEST);
        let wrong = |why: String| Fault::Manifest { path: path.clone(), why };
        let text = String::from_utf8(read(&path)?).map_err(|error| wrong(error.to_string()))?;
        let manifest = Manifest::parse(&text).map_err(wrong)?;
        let model = checked(folder, &manifest.model, &manifest.model_sha256, &path)?.into();
        let tokenizer = checked(folder, &manifest.tokenizer, &manifest.tokenizer_sha256, &path)?;
        Ok(Self { manifest, model, tokenizer: tokenizer.into() })
    }

    /// Name and version, as people are told them.
    pub fn title(&self) -> String {
        format!("{} {}", self.manifest.name, self.manifest.version)
    }

    /// How much of it is weights, in bytes.
    pub fn bytes(&self) -> usize {
        self.model.len() + self.tokenizer.len()
    }
}

impl Manifest {
    /// Tokens of a window beside the text's own: one before it and one behind.
    const SPECIAL: usize = 2;
    const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        manifest.check().map(|()| manifest)
    }

    /// From which score on something is done about a text that stands there.
    pub fn thresholds(&self, surface: Surface) -> Thresholds {
        self.surfaces.get(&surface).copied().unwrap_or(self.thresholds)
    }

    fn check(&self) -> Result<(), String> {
        if self.window <= Self::SPECIAL + self.overlap || self.window > 8192 {
            return Err("`window` must be larger than `overlap` by more than the special tokens, and at most 8192".to_owned());
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return Err("`temperature` must be above 0".to_owned());
        }
        if let Some(name) = self.inputs.iter().find(|name| !Self::INPUTS.contains(&name.as_str())) {
            return Err(format!("`inputs`: `{name}` is none of {}", Self::INPUTS.join(", ")));
        }
        if self.surfaces.values().chain([&self.thresholds]).all(Thresholds::rise) {
            Ok(())
        } else {
            Err("thresholds must rise from `flag` over `hold` to `block`, from 0 to 1".to_owned())
        }
    }
}

/// What a score amounts to.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    Flag,
    Hold,
    Block,
}

impl Thresholds {
    /// The highest level that a score reaches, if any.
    pub fn level(&self, score: f32) -> Option<Level> {
        let levels =
            [(self.block, Level::Block), (self.hold, Level::Hold), (self.flag, Level::Flag)];
        levels.into_iter().find(|(least, _)| score >= *least).map(|(_, level)| level)
    }

    fn rise(&self) -> bool {
        let Self { flag, hold, block } = *self;
        0.0 <= flag && flag <= hold && hold <= block && block <= 1.0
    }
}

/// A file of the pack. One that its name leads out of the folder is none.
fn checked(folder: &Path, name: &Path, digest: &str, manifest: &Path) -> Result<Vec<u8>, Fault> {
    if name.components().count() != 1 || name.file_name().is_none() {
        let why = format!("`{}` is no name of a file beside it", name.display());
        return Err(Fault::Manifest { path: manifest.to_owned(), why });
    }
    let path = folder.join(name);
    let bytes = read(&path)?;
    let found = hex::sha256(&bytes);
    if found.eq_ignore_ascii_case(digest) {
        return Ok(bytes);
    }
    Err(Fault::Digest { path, expected: digest.to_owned(), found })
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let unread = |source| Fault::Read { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(unread)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(unread(std::io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes"))));
    }
    fs::read(path).map_err(unread)
}
