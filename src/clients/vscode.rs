//! VS Code: `mcp.json` of the user, of each profile and of the workspace, with comments and with
//! inputs that the editor asks for. <https://code.visualstudio.com/docs/copilot/reference/mcp-configuration>

use std::path::{Path, PathBuf};

use super::client::{Client, Place, Scope};
use super::edit::Format;
use super::template::Expansion;
use super::{Home, Os};

/// How many profiles are looked through. People keep a handful.
const MAX_PROFILES: usize = 64;

const SERVERS: &[&[&str]] = &[&["servers"]];

pub(super) const CLIENT: Client = Client {
    name: "vscode",
    title: "VS Code",
    places,
    format: Format::Jsonc,
    expansion: Expansion::Editor,
    remote: true,
    reload: "run `MCP: List Servers` and restart the server",
};

fn places(home: &Home) -> Vec<Place> {
    let user = match home.os {
        Os::Mac => home.home.join("Library/Application Support/Code/User"),
        Os::Windows => home.home.join("AppData/Roaming/Code/User"),
        Os::Linux => home.home.join(".config/Code/User"),
    };
    let mut paths = vec![user.join("mcp.json")];
    paths.extend(profiles(&user));
    let place = |path, scope| Place { path, scope, roots: SERVERS };
    let workspace = home.project.as_ref().map(|project| project.join(".vscode/mcp.json"));
    let users = paths.into_iter().map(|path| place(path, Scope::User));
    users.chain(workspace.map(|path| place(path, Scope::Project))).collect()
}

fn profiles(user: &Path) -> Vec<PathBuf> {
    let Ok(folders) = std::fs::read_dir(user.join("profiles")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = folders
        .take(MAX_PROFILES)
        .filter_map(|folder| Some(folder.ok()?.path().join("mcp.json")))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths
}
