//! Five real-shaped configurations on their way in and back out.

mod install;
mod uninstall;

use std::fs;
use std::path::{Path, PathBuf};

use super::{Command, Gateway, Home, Os, Report, Request, run};

/// Each fixture and where its client keeps it, `~` being the home and `.` the project.
const FILES: [(&str, &str, &str); 6] = [
    ("claude-desktop", "claude_desktop_config.json", "~/.config/Claude/claude_desktop_config.json"),
    ("claude-code", "claude.json", "~/.claude.json"),
    ("claude-code", "mcp.json", "./.mcp.json"),
    ("cursor", "cursor.json", "~/.cursor/mcp.json"),
    ("vscode", "vscode.jsonc", "./.vscode/mcp.json"),
    ("codex", "codex.toml", "~/.codex/config.toml"),
];

/// What every secret of the fixtures begins with.
const SECRET: &str = "not-a-real-";

struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// A home with all five clients.
    fn new() -> Self {
        let machine = Self::empty();
        for (_, fixture, place) in FILES {
            machine.write(place, &original(fixture));
        }
        machine
    }

    fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, place: &str) -> PathBuf {
        match place.strip_prefix("~/") {
            Some(inside) => self.folder.path().join("home").join(inside),
            None => self.folder.path().join("shop").join(place.trim_start_matches("./")),
        }
    }

    fn read(&self, place: &str) -> String {
        fs::read_to_string(self.path(place)).unwrap_or_else(|error| panic!("{place}: {error}"))
    }

    fn write(&self, place: &str, text: &str) {
        let path = self.path(place);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn gateway(&self) -> Gateway {
        let data = self.path("~/.local/share/bartizan");
        Gateway {
            program: "/usr/local/bin/bartizan".into(),
            wrap_options: Vec::new(),
            base: "http://127.0.0.1:8420".into(),
            configuration: self.path("~/.config/bartizan/bartizan.toml"),
            data,
        }
    }

    fn request(&self, command: Command) -> Request {
        Request {
            command,
            dry_run: false,
            clients: Vec::new(),
            home: Home {
                home: self.folder.path().join("home"),
                project: Some(self.folder.path().join("shop")),
                os: Os::Linux,
            },
            gateway: self.gateway(),
        }
    }

    fn run(&self, command: Command) -> Report {
        run(&self.request(command)).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    fn configuration(&self) -> toml::Table {
        let text = self.read("~/.config/bartizan/bartizan.toml");
        toml::from_str(&text).expect("the configuration is TOML")
    }

    /// Every file below the folder with its bytes.
    fn files(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        found.sort();
        found
    }
}

fn original(fixture: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clients");
    fs::read_to_string(folder.join(fixture)).expect("the fixture is there")
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            let text = fs::read_to_string(&path).expect("text");
            found.push((path, text));
        }
    }
}
