//! Installations to look at in tests.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use serde_json::Value;

use super::{Patient, Running};
use crate::{
    clients::{Gateway, Home, Os},
    config::Config,
};

/// A machine in a folder: configuration, state, a home with clients.
pub(super) struct Ward {
    folder: tempfile::TempDir,
    config: String,
    running: Option<Running>,
}

impl Ward {
    /// With this configuration beside a state folder of its own.
    pub(super) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["state", "home", "policies"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let ward =
            Self { folder, config: format!("data_dir = \"state\"\n{config}"), running: None };
        ward.chmod("state", 0o700);
        ward.write("bartizan.toml", &ward.config);
        ward
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("written");
        self.chmod(name, 0o600);
        self
    }

    pub(super) fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).expect("set");
    }

    /// As if a gateway of `uid` gave these answers.
    pub(super) fn runs(mut self, uid: u32, status: Value, upstreams: Value, pins: Value) -> Self {
        self.running = Some(Running { uid, status, upstreams, pins });
        self
    }

    pub(super) fn patient(self) -> Patient {
        let path = self.path("bartizan.toml");
        let config = Config::parse(&self.config, &path).expect("a valid configuration");
        let home = Home { home: self.path("home"), project: None, os: Os::Linux };
        let gateway = Gateway {
            program: "/usr/bin/bartizan".into(),
            wrap_options: Vec::new(),
            base: "http://127.0.0.1:8420".into(),
            configuration: path,
            data: config.data_dir(),
        };
        let mut patient = Patient::meet(config, home, gateway);
        patient.running = self.running;
        // The folder must outlive the checks; tests are short and the system cleans up.
        let _kept = self.folder.keep();
        patient
    }
}
