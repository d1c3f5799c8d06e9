//! The operator's configuration: a TOML file, read strictly. A secret never stands in it, only
//! where to find one.

mod bundle;
mod check;
pub mod error;
pub mod file;
mod lines;
mod marks;
pub mod reference;
pub mod secret;
pub mod text;
mod tool;
mod upstream;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use error::ConfigError;
pub use file::File;
pub use tool::Met;

use self::lines::{Lines, line_at};

/// A configuration that was read and checked.
#[derive(Debug)]
pub struct Config {
    pub file: File,
    /// Where it was read from; relative paths in it start at its folder.
    pub path: PathBuf,
    lines: Lines,
}

/// Bytes of one configuration file.
const FILE_BYTES_MAX: u64 = 4 << 20;

impl Config {
    /// # Errors
    /// The file cannot be read, or something in it is wrong; the message names line and mend.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason| ConfigError::Unreadable { path: path.to_owned(), reason };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            let what = format!("longer than {FILE_BYTES_MAX} bytes; this is no configuration");
            return Err(ConfigError::at(path, None, what));
        }
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = String::from_utf8_lossy(error.as_bytes());
            let line = line_at(&good, error.utf8_error().valid_up_to());
            ConfigError::at(path, Some(line), "this is no text; save the file as UTF-8")
        })?;
        Self::parse(&text, path)
    }

    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let file: File =
            toml::from_str(text).map_err(|error| ConfigError::from_toml(path, text, &error))?;
        let mut config = Self { file, path: path.to_owned(), lines: Lines::of(text) };
        config.check()?;
        config.file.start_at(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// The defaults, as if from an empty file at `path`.
    pub fn empty(path: &Path) -> Self {
        Self { file: File::default(), path: path.to_owned(), lines: Lines::default() }
    }

    /// What is wrong with the key at `path`, with the place where it stands. Elements of a list
    /// are named by their number, from 0.
    pub fn wrong(&self, path: &[&str], what: impl Into<String>) -> ConfigError {
        ConfigError::at(&self.path, self.lines.line(path), what)
    }

    /// A path of the file, from the file's own folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if path.is_absolute() { path.to_owned() } else { folder.join(path) }
    }

    /// Where state is kept: as configured, or in the user's state folder.
    pub fn data_dir(&self) -> PathBuf {
        match &self.file.data_dir {
            Some(folder) => self.resolve(folder),
            None => default_data_dir(),
        }
    }
}

/// `$XDG_STATE_HOME/bartizan`, or `~/.local/state/bartizan`.
pub fn default_data_dir() -> PathBuf {
    user_folder("XDG_STATE_HOME", ".local/state").unwrap_or_else(|| PathBuf::from(".bartizan"))
}

/// The program's folder in the one that `variable` names, or else in `usual` of the home folder.
/// An empty variable counts as none
/// ([XDG base directories](https://specifications.freedesktop.org/basedir-spec/latest/)).
pub fn user_folder(variable: &str, usual: &str) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(variable).or_else(|| Some(set("HOME")?.join(usual)));
    folder.map(|folder| folder.join("bartizan"))
}
