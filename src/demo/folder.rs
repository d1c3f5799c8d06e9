//! The demo's folder: configuration, policies, state and the agent's home, all gone at the end.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::server::Part;
use crate::config::Config;

const POLICIES: &str = include_str!("policies.cedar");
/// Seconds that a held call waits while the scenes play; with people there is more time.
const SCENE_WAIT_S: u64 = 2;

/// A folder for the owner alone, removed when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder and what the gateway and the agent find in it.
    ///
    /// # Errors
    /// It cannot be written.
    #[expect(clippy::disallowed_methods, reason = "the name is drawn, and must not exist yet")]
    pub fn make() -> anyhow::Result<Self> {
        let name = format!("bartizan-demo-{}", crate::ids::random(8));
        let path = std::env::temp_dir().join(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("cannot make `{}`; set `TMPDIR`", path.display()))?;
        let folder = Self(path);
        fs::create_dir_all(folder.policies())?;
        fs::write(folder.policies().join("demo.cedar"), POLICIES)?;
        let ssh = folder.home().join(".ssh");
        fs::create_dir_all(&ssh)?;
        // Drawn anew each time: it opens nothing, and no copy of it lies in any repository.
        let key = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            crate::ids::random(64)
        );
        fs::write(ssh.join("id_rsa"), key)?;
        Ok(folder)
    }

    /// Writes the configuration of a gateway that listens at `address`, and reads it.
    ///
    /// # Errors
    /// This program's own path is unknown or no UTF-8, or the folder cannot be written.
    pub fn configuration(&self, address: &str) -> anyhow::Result<Config> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let program = program.to_str().context("this program's path is no UTF-8")?;
        let effects = self.effects();
        let effects = effects.to_str().context("the temporary folder's path is no UTF-8")?;
        let command = |part: Part| {
            let words = [program, "demo-server", part.name(), "--effects", effects];
            toml::Value::from(words.to_vec())
        };
        let text = format!(
            "data_dir = \"state\"\n\
            [classifier]\nmode = \"off\"\n\
            [listen]\naddress = \"{address}\"\n\
            [access]\npolicies = \"policies\"\n\
            [approvals.wait]\nstream_s = {SCENE_WAIT_S}\nstream_with_progress_s = {SCENE_WAIT_S}\n\
            [upstreams.desk]\ncommand = {desk}\n\
            [upstreams.desk.tools.send_mail]\nhold = true\nrisk = \"high\"\n\
            [upstreams.web]\ncommand = {web}\nclasses = [\"reads_untrusted\"]\n\
            [upstreams.bank]\ncommand = {bank}\nclasses = [\"money\"]\n\
            [upstreams.bank.tools.pay]\nhold = true\nrisk = \"high\"\n",
            desk = command(Part::Desk),
            web = command(Part::Web),
            bank = command(Part::Bank),
        );
        let path = self.configuration_path();
        fs::write(&path, &text)?;
        Ok(Config::parse(&text, &path)?)
    }

    pub fn configuration_path(&self) -> PathBuf {
        self.0.join("bartizan.toml")
    }

    /// Where the gateway keeps its state.
    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    pub fn journal(&self) -> PathBuf {
        self.state().join("audit")
    }

    /// What the tools really did.
    pub fn effects(&self) -> PathBuf {
        self.0.join("effects.jsonl")
    }

    /// The agent's home.
    pub fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// For copies that scenes make.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn policies(&self) -> PathBuf {
        self.0.join("policies")
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("bartizan: could not remove `{}`: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Folder, POLICIES};
    use crate::catalog::Kind;

    #[test]
    fn the_folder_is_the_owners_alone_and_goes_away() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::make().expect("made");
        let path = folder.path().to_owned();
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn the_configuration_holds_what_can_do_harm() {
        let folder = Folder::make().expect("made");
        let config = folder.configuration("127.0.0.1:0").expect("valid");
        assert!(config.tool_settings("bank", Kind::Tool, "pay").hold);
        assert!(config.tool_settings("desk", Kind::Tool, "send_mail").hold);
        assert!(!config.tool_settings("desk", Kind::Tool, "read_note").hold);
        assert!(crate::access::Policies::load(&folder.policies()).is_ok(), "{POLICIES}");
    }
}
